/** The present time, moved on now and then. */
import { onScopeDispose, ref } from "vue";

export function useNow(everySeconds = 20) {
  const now = ref(Date.now());
  const timer = setInterval(() => (now.value = Date.now()), everySeconds * 1000);
  onScopeDispose(() => clearInterval(timer));
  return now;
}
