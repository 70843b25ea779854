/** Parts of a screen in words. */
import type { FailingPart } from "@huleedu/bff-client";
import { formatDuration } from "@/lib/format";
import { hasWords, t } from "@/lib/i18n";
import type { MessageKey } from "@/lib/i18n";

type Prefixed<Prefix extends string> = Extract<MessageKey, `${Prefix}.${string}`>;
type ReasonKey = Exclude<Prefixed<"state.missingReason">, "state.missingReason.other">;
type PartKey = Exclude<Prefixed<"part">, "part.other">;

/** The name of a part; parts of later versions are named as the API names them. */
export function partName(name: string): string {
  const key = `part.${name}`;
  return isPartKey(key) ? t(key) : t("part.other", { name });
}

/** A failing part as one sentence: what, and why or how old. */
export function partSentence({ name, status, code, ageSeconds }: FailingPart): string {
  const part = partName(name);
  if (status === "stale") return t("state.stale", { part, age: formatDuration(ageSeconds) });
  return t("state.missing", { part, reason: reasonOf(code ?? "UNKNOWN_ERROR") });
}

/** The reason of an error code, as the end of a sentence. */
export function reasonOf(code: string): string {
  const key = `state.missingReason.${code}`;
  return isReasonKey(key) ? t(key) : t("state.missingReason.other", { code });
}

function isPartKey(key: string): key is PartKey {
  return hasWords(key) && key !== "part.other";
}

function isReasonKey(key: string): key is ReasonKey {
  return hasWords(key) && key !== "state.missingReason.other";
}
