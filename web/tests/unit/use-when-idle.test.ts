import { afterEach, expect, test, vi } from "vitest";
import { mount } from "@vue/test-utils";
import { useWhenIdle } from "@/composables/useWhenIdle";

afterEach(() => {
  Reflect.deleteProperty(window, "requestIdleCallback");
  Reflect.deleteProperty(window, "cancelIdleCallback");
  vi.useRealTimers();
});

const mounted = (work: () => void) =>
  mount({ setup: () => useWhenIdle(work), render: () => undefined });

test("the work waits for the browser, and is left out when the view has gone", () => {
  const waiting = new Map<number, () => void>();
  Object.assign(window, {
    requestIdleCallback: (work: () => void) => waiting.set(waiting.size, work).size - 1,
    cancelIdleCallback: (id: number) => void waiting.delete(id),
  });
  const work = vi.fn();

  mounted(work);
  expect(work).not.toHaveBeenCalled();
  waiting.get(0)?.();
  expect(work).toHaveBeenCalledOnce();

  mounted(work).unmount();
  expect([...waiting.keys()]).toEqual([0]);
});

test("a browser without idle callbacks does it after the view", () => {
  vi.useFakeTimers();
  const work = vi.fn();

  mounted(work);
  mounted(work).unmount();
  expect(work).not.toHaveBeenCalled();
  vi.runAllTimers();

  expect(work).toHaveBeenCalledOnce();
});
