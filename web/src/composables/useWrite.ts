/** Sends a change: one at a time, with its failure in words. */
import { BffError } from "@huleedu/bff-client";
import { ref, shallowRef } from "vue";
import { describeError, isAbort } from "@/lib/errors";
import type { ErrorDescription } from "@/lib/errors";
import { locale, t } from "@/lib/i18n";

export type WriteFailure = ErrorDescription & {
  /** The change may have been made: no answer came, or not from the service that makes it. */
  readonly isUnknown: boolean;
  readonly details: Readonly<Record<string, unknown>>;
};

/**
 * `send` gets the key of an earlier attempt with the same input whose outcome is unknown, so that
 * a repeat is not done twice. Only success ends the doubt: a later refusal tells nothing of it.
 */
export function useWrite<Input, Result>(
  send: (input: Input, idempotencyKey: string | undefined) => Promise<Result>,
) {
  const isSending = ref(false);
  const failure = shallowRef<WriteFailure>();
  let unknown: { input: string; key: string | undefined } | undefined;

  /** The answer; undefined after a failure, and while another change is under way. */
  async function run(input: Input): Promise<Result | undefined> {
    if (isSending.value) return undefined;
    isSending.value = true;
    failure.value = undefined;
    const sent = JSON.stringify(input);
    try {
      const answer = await send(input, unknown?.input === sent ? unknown.key : undefined);
      unknown = undefined;
      return answer;
    } catch (thrown) {
      if (isAbort(thrown)) return undefined;
      failure.value = describeFailure(thrown);
      if (failure.value.isUnknown) unknown = { input: sent, key: keyOf(thrown) };
      else if (unknown?.input !== sent) unknown = undefined;
      return undefined;
    } finally {
      isSending.value = false;
    }
  }

  function forget(): void {
    failure.value = undefined;
  }

  return { isSending, failure, run, forget };
}

export function describeFailure(thrown: unknown): WriteFailure {
  const details = thrown instanceof BffError ? thrown.details : {};
  const isCut =
    thrown instanceof BffError &&
    (thrown.is("CLIENT_UNREACHABLE", "CLIENT_TIMEOUT") ||
      (thrown.is("CLIENT_UNEXPECTED_ANSWER") && (thrown.status === 200 || thrown.status >= 500)));
  return {
    ...describeError(thrown),
    ...(details.reason === "outcome_unknown" && { sentence: "error.sentence.notKnownYet" }),
    isUnknown: isCut || details.outcome === "unknown",
    details,
  };
}

function keyOf(thrown: unknown): string | undefined {
  return thrown instanceof BffError ? thrown.idempotencyKey : undefined;
}

/** The service's findings below `root`, by pointer; its words are English. */
export function refusalsIn(
  details: Readonly<Record<string, unknown>>,
  root: string,
): Record<string, string> {
  const errors = Array.isArray(details.errors) ? (details.errors as unknown[]) : [];
  return Object.fromEntries(
    errors.flatMap((one) => {
      if (typeof one !== "object" || one === null) return [];
      const { pointer, message } = one as { pointer?: unknown; message?: unknown };
      if (typeof pointer !== "string" || !pointer.startsWith(root)) return [];
      const isEnglish = locale.value === "en" && typeof message === "string";
      const words = isEnglish ? String(message) : t("admin.form.refused");
      return [[pointer.slice(root.length), words]];
    }),
  );
}
