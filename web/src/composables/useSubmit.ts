/** Sends a form once at a time, and keeps what went wrong. */
import { ref, shallowRef } from "vue";
import { describeError } from "@/lib/errors";
import type { ErrorDescription } from "@/lib/errors";

export function useSubmit(send: () => Promise<unknown>, isValid: () => boolean) {
  /** Whether somebody has tried: before, an empty field is no mistake. */
  const isSubmitted = ref(false);
  const isSending = ref(false);
  const isDone = ref(false);
  const error = shallowRef<ErrorDescription>();

  async function submit(): Promise<void> {
    isSubmitted.value = true;
    if (isSending.value || !isValid()) return;
    isSending.value = true;
    error.value = undefined;
    try {
      await send();
      isDone.value = true;
    } catch (thrown) {
      error.value = describeError(thrown);
    } finally {
      isSending.value = false;
    }
  }

  return { isSubmitted, isSending, isDone, error, submit };
}
