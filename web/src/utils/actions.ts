/** Actions of a batch, and in words why one is not allowed. */
import type { Api } from "@huleedu/bff-client";
import { hasWords, t } from "@/lib/i18n";
import type { MessageKey } from "@/lib/i18n";

type Action = Api.BatchActionV1;
type ReasonKey = Extract<MessageKey, `actionReason.${string}`>;

export function actionOf(
  { actions }: { readonly actions: readonly Action[] },
  name: Action["name"],
): Action | undefined {
  return actions.find((action) => action.name === name);
}

/** A reason as a sentence; one of a later version by the general one. */
export function reasonWords(reason: string): string {
  const key = `actionReason.${reason}`;
  return hasWords(key) ? t(key as ReasonKey) : t("actionReason.other");
}
