/** Pages of a list whose next page has a cursor; the address holds it, so a reload keeps it. */
import { computed } from "vue";
import type { LocationQueryRaw } from "vue-router";
import { useRoute, useRouter } from "vue-router";

/** A query value of the address; undefined where it is absent. */
export function useQueryText(name: string) {
  const route = useRoute();
  return computed(() => {
    const value = route.query[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  });
}

export function useCursorPages() {
  const route = useRoute();
  const router = useRouter();
  const cursor = useQueryText("cursor");
  const isFirst = computed(() => cursor.value === undefined);

  function showNext(next: string | null): void {
    if (next) void router.push({ query: { ...route.query, cursor: next } });
  }

  /** The page before, where the browser came from it; else the first. */
  function showPrevious(): void {
    const back: unknown = router.options.history.state.back;
    const isPage = typeof back === "string" && back.split("?")[0] === route.path;
    if (isPage) router.back();
    else filter({});
  }

  /** Sets filters; the first page of what they leave is shown. */
  function filter(filters: LocationQueryRaw): void {
    const query = { ...route.query, ...filters, cursor: undefined };
    void router.replace({ query });
  }

  return { cursor, isFirst, showNext, showPrevious, filter };
}
