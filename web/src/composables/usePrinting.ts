/** Whether the page is being printed. */
import { onScopeDispose, ref } from "vue";

export function usePrinting() {
  const isPrinting = ref(false);
  const begin = () => (isPrinting.value = true);
  const end = () => (isPrinting.value = false);
  window.addEventListener("beforeprint", begin);
  window.addEventListener("afterprint", end);
  onScopeDispose(() => {
    window.removeEventListener("beforeprint", begin);
    window.removeEventListener("afterprint", end);
  });
  return isPrinting;
}
