/** Whether the page reaches the network, and whether its live updates run. */
import { readonly, ref } from "vue";

const isOnline = ref(navigator.onLine);
const isReconnecting = ref(false);

window.addEventListener("online", () => (isOnline.value = true));
window.addEventListener("offline", () => (isOnline.value = false));

/** Set by whoever follows a stream. */
export function setReconnecting(value: boolean): void {
  isReconnecting.value = value;
}

export function useConnection() {
  return { isOnline: readonly(isOnline), isReconnecting: readonly(isReconnecting) };
}
