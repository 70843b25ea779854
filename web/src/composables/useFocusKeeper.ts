/** Moves the focus on when what had it is gone, so that keyboard and reader keep the place. */
import { onMounted, onScopeDispose } from "vue";

const FOCUSABLE = ["a[href]", "button", "input", "select", "textarea", "summary", "[tabindex]"]
  .map((one) => `${one}:not(:disabled, [tabindex='-1'])`)
  .join();
const REGIONS = "main, dialog";
const CHANGES = { childList: true, subtree: true, attributeFilter: ["disabled"] };

/** Watches the whole page; to be used once. */
export function useFocusKeeper(): void {
  let last: Element | undefined;

  const observer = new MutationObserver((changes) => {
    const lost = last;
    if (!lost || isUsable(lost) || ![lost, document.body].includes(focused())) return;
    last = undefined;
    const place = placeOf(lost, changes);
    const target = place && nearestTo(place);
    (target ?? document.getElementById("main"))?.focus();
  });

  function remember({ target }: FocusEvent): void {
    last = target instanceof Element ? target : undefined;
  }

  /** A press beside everything takes the focus away on purpose; a removal does not. */
  function forget({ target }: FocusEvent): void {
    queueMicrotask(() => {
      if (last === target && last && isUsable(last) && focused() !== last) last = undefined;
    });
  }

  onMounted(() => {
    observer.observe(document.body, CHANGES);
    document.addEventListener("focusin", remember);
    document.addEventListener("focusout", forget);
  });
  onScopeDispose(() => {
    observer.disconnect();
    document.removeEventListener("focusin", remember);
    document.removeEventListener("focusout", forget);
  });
}

/** Where something is, or was: what stands before and after it, in which element. */
type Place = {
  readonly before: Element | null;
  readonly after: Element | null;
  readonly parent: Element;
};

const focused = () => document.activeElement ?? document.body;
const isUsable = (one: Element) => one.isConnected && !one.matches(":disabled");

function placeOf(lost: Element, changes: readonly MutationRecord[]): Place | undefined {
  if (lost.isConnected) return besides(lost);
  const removal = changes.find(({ removedNodes }) =>
    [...removedNodes].some((node) => node.contains(lost)),
  );
  const parent = removal?.target;
  if (!(parent instanceof Element) || !parent.isConnected) return undefined;
  const before = elementAt(removal?.previousSibling, "previousElementSibling", parent);
  const after = elementAt(removal?.nextSibling, "nextElementSibling", parent);
  return { before, after, parent };
}

/** The element at a node, or beyond it; the node may have been removed since. */
function elementAt(
  node: Node | null | undefined,
  beyond: "previousElementSibling" | "nextElementSibling",
  parent: Element,
): Element | null {
  if (!node || node.parentNode !== parent) return null;
  return node instanceof Element ? node : (node as ChildNode & NonDocumentTypeChildNode)[beyond];
}

function besides(one: Element): Place | undefined {
  const { previousElementSibling: before, nextElementSibling: after, parentElement: parent } = one;
  return parent ? { before, after, parent } : undefined;
}

/** What can be focused next after the place, else before it, within its part of the page. */
function nearestTo({ before, after, parent }: Place): HTMLElement | undefined {
  if (!parent.closest(REGIONS)) return undefined;
  for (let one = after; one; one = one.nextElementSibling) {
    const found = focusableIn(one)[0];
    if (found) return found;
  }
  for (let one = before; one; one = one.previousElementSibling) {
    const found = focusableIn(one).at(-1);
    if (found) return found;
  }
  const outer = parent.matches(REGIONS) ? undefined : besides(parent);
  return outer && nearestTo(outer);
}

function focusableIn(root: Element): HTMLElement[] {
  const all = [root, ...root.querySelectorAll(FOCUSABLE)];
  return all.filter(
    (one): one is HTMLElement =>
      one instanceof HTMLElement && one.matches(FOCUSABLE) && one.checkVisibility(),
  );
}
