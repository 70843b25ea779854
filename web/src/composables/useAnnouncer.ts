/** Sentences for the polite live region of the page. */
import { readonly, ref } from "vue";

const text = ref("");

/** Has the screen reader say a sentence when it is idle; the same sentence again is said again. */
export function announce(sentence: string): void {
  text.value = text.value === sentence ? `${sentence}\u00a0` : sentence;
}

export function useAnnouncer() {
  return { text: readonly(text), announce };
}
