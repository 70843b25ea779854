/** Reads a screen: keeps the last picture while it is read again, and aborts what nobody needs. */
import { computed, onScopeDispose, shallowRef, watch } from "vue";
import type { WatchSource } from "vue";
import { useSignedInAgain } from "@/composables/useSignedInAgain";
import { describeError, isAbort } from "@/lib/errors";
import type { ErrorDescription } from "@/lib/errors";

export type Resource<T> = ReturnType<typeof useResource<T>>;

/**
 * Reads now, and again when a source changes.
 *
 * `data` is undefined until the first success and after a change of `sources`, or with `keep` until
 * the answer to that change is there; after a failed `reload` it stays, next to `error`. What the
 * end of the session has left unread is read when the person is back.
 */
export function useResource<T>(
  read: (signal: AbortSignal) => Promise<T>,
  sources: readonly WatchSource[] = [],
  { keep = false } = {},
) {
  const data = shallowRef<T>();
  const error = shallowRef<ErrorDescription>();
  const isReading = shallowRef(false);
  let running: AbortController | undefined;

  const isLoading = computed(() => isReading.value && data.value === undefined);

  async function attempt(isOther: boolean): Promise<void> {
    running?.abort();
    const own = new AbortController();
    running = own;
    isReading.value = true;
    try {
      const answer = await read(own.signal);
      if (running !== own) return;
      data.value = answer;
      error.value = undefined;
    } catch (thrown) {
      if (running !== own || isAbort(thrown)) return;
      error.value = describeError(thrown);
      // What is shown would be of another address than the error.
      if (isOther) data.value = undefined;
    } finally {
      if (running === own) isReading.value = false;
    }
  }

  function restart(): void {
    if (!keep) data.value = undefined;
    error.value = undefined;
    void attempt(true);
  }

  const reload = () => attempt(false);

  watch([...sources], restart);
  useSignedInAgain(() => error.value, reload);
  onScopeDispose(() => {
    running?.abort();
    running = undefined;
  });
  void reload();
  return { data, error, isReading, isLoading, reload };
}
