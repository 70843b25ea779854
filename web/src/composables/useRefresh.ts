/** Reads a screen again and again while somebody can see it. */
import { onMounted, onScopeDispose, readonly, ref } from "vue";

/**
 * Calls `read` `seconds` after the last call has ended; not while the page is hidden. A page that
 * is shown again is read at once if its time has passed.
 */
export function useRefresh(read: () => Promise<void>, seconds: number) {
  const isPaused = ref(document.hidden);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let dueAt = 0;
  let hasEnded = false;

  function plan(): void {
    dueAt = Date.now() + seconds * 1000;
    wait();
  }

  function wait(): void {
    clearTimeout(timer);
    if (document.hidden || hasEnded) return;
    timer = setTimeout(() => void run(), Math.max(0, dueAt - Date.now()));
  }

  async function run(): Promise<void> {
    clearTimeout(timer);
    try {
      await read();
    } finally {
      plan();
    }
  }

  function follow(): void {
    isPaused.value = document.hidden;
    wait();
  }

  onMounted(() => {
    document.addEventListener("visibilitychange", follow);
    plan();
  });
  onScopeDispose(() => {
    document.removeEventListener("visibilitychange", follow);
    clearTimeout(timer);
    hasEnded = true;
  });
  return { isPaused: readonly(isPaused), refresh: run };
}
