/** Asks before a page is left whose work would end with it. */
import { onBeforeRouteLeave, onBeforeRouteUpdate } from "vue-router";
import { useUnloadGuard } from "@/composables/useUnloadGuard";
import { useAuthStore } from "@/stores/auth";

export function useLeaveGuard(hasWork: () => boolean, question: () => string): void {
  const auth = useAuthStore();
  // Somebody who has signed out cannot go on with it.
  const mayLeave = () => !hasWork() || !auth.isAuthenticated;
  const ask = () => mayLeave() || window.confirm(question());

  onBeforeRouteLeave(ask);
  // The page of another batch is the same view.
  onBeforeRouteUpdate((to, from) => to.path === from.path || ask());
  useUnloadGuard(hasWork);
}
