/** Leaves work that nobody waits for until the page has been drawn. */
import { onMounted, onScopeDispose } from "vue";

/** At the latest, however busy the page is. */
const LATEST_MS = 2000;

/** Runs `work` once, after the view was mounted and the browser has nothing better to do. */
export function useWhenIdle(work: () => void): void {
  let cancel: (() => void) | undefined;
  onMounted(() => {
    cancel = plan(work);
  });
  onScopeDispose(() => cancel?.());
}

function plan(work: () => void): () => void {
  // Safari has no idle callbacks.
  if (!("requestIdleCallback" in window)) {
    const timer = setTimeout(work);
    return () => clearTimeout(timer);
  }
  const id = window.requestIdleCallback(work, { timeout: LATEST_MS });
  return () => window.cancelIdleCallback(id);
}
