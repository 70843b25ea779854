import { afterEach, expect, test } from "vitest";
import { flushPromises, mount } from "@vue/test-utils";
import type { VueWrapper } from "@vue/test-utils";
import VirtualRows from "@/components/ui/VirtualRows.vue";

const NAMES = Array.from({ length: 150 }, (_, index) => `Text ${index}`);
let list: VueWrapper;

afterEach(() => list.unmount());

test("a long list is printed whole, and holds the rows in sight again afterwards", async () => {
  list = mount(VirtualRows<string>, {
    props: { items: NAMES, idOf: (name: string) => name, label: "Texter", rowHeight: 40 },
    slots: { default: ({ item }: { item: string }) => item },
  });
  await flushPromises();
  const before = list.findAll("li").length;
  expect(before).toBeLessThan(NAMES.length);

  window.dispatchEvent(new Event("beforeprint"));
  // The browser lays the page out for the printer before any later task.
  await Promise.resolve();
  expect(list.findAll("li").map((row) => row.text())).toEqual(NAMES);

  window.dispatchEvent(new Event("afterprint"));
  await flushPromises();
  expect(list.findAll("li")).toHaveLength(before);
});
