/** Asks before a page is left whose work would end with it. */
import { onBeforeRouteLeave } from "vue-router";
import { useAuthStore } from "@/stores/auth";

export function useLeaveGuard(isBusy: () => boolean, question: () => string): void {
  const auth = useAuthStore();
  // Somebody who has signed out cannot go on with it.
  const mayLeave = () => !isBusy() || !auth.isAuthenticated;
  onBeforeRouteLeave(() => mayLeave() || window.confirm(question()));
}
