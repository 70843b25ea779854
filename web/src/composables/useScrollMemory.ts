/** Keeps the place in the scrolled part of the page for the back button and for a reload. */
import { nextTick, onBeforeUnmount, onMounted } from "vue";
import type { Ref } from "vue";
import { onBeforeRouteUpdate, useRouter } from "vue-router";

const PREFIX = "huleedu.scroll.";
/** Milliseconds for which a page that is still read may grow to where it was left. */
const GROWTH_MS = 3000;

/** History entries are numbered by the router; the place of each is kept for this tab. */
export function useScrollMemory(element: Readonly<Ref<HTMLElement | null>>): void {
  const router = useRouter();
  let growth: ResizeObserver | undefined;

  const keyOf = () => `${PREFIX}${(history.state as { position?: number } | null)?.position ?? 0}`;
  let key = keyOf();

  function keep(): void {
    if (element.value) sessionStorage.setItem(key, String(element.value.scrollTop));
  }

  /** Scrolls to the kept place, at once or when the page has grown to it. */
  function restore(): void {
    growth?.disconnect();
    const top = Number(sessionStorage.getItem(key) ?? 0);
    const scrolled = element.value;
    if (!scrolled) return;
    scrolled.scrollTop = top;
    // To compare the place lays the page out, which it needs only where there is one.
    if (top === 0) return;
    const content = scrolled.firstElementChild;
    if (scrolled.scrollTop >= top || !content) return;
    const until = performance.now() + GROWTH_MS;
    growth = new ResizeObserver(() => {
      scrolled.scrollTop = top;
      if (scrolled.scrollTop >= top || performance.now() > until) growth?.disconnect();
    });
    growth.observe(content);
  }

  const stop = router.afterEach(async (to, from) => {
    if (to.path === from.path) return;
    key = keyOf();
    await nextTick();
    restore();
  });
  const stopBefore = router.beforeEach(() => keep());
  onBeforeRouteUpdate(keep);
  onMounted(() => {
    if (sessionStorage.getItem(key)) restore();
    window.addEventListener("pagehide", keep);
  });
  onBeforeUnmount(() => {
    stop();
    stopBefore();
    growth?.disconnect();
    window.removeEventListener("pagehide", keep);
  });
}
