/** Lets the browser ask, in its own words, before a tab is closed or loaded anew. */
import { onScopeDispose, watch } from "vue";

export function useUnloadGuard(hasWork: () => boolean): void {
  const refuse = (event: BeforeUnloadEvent) => event.preventDefault();
  const release = () => window.removeEventListener("beforeunload", refuse);
  watch(hasWork, (now) => (now ? window.addEventListener("beforeunload", refuse) : release()), {
    immediate: true,
  });
  onScopeDispose(release);
}
