import { BffError } from "@huleedu/bff-client";
import { flushPromises } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { effectScope, ref } from "vue";
import { beforeEach, expect, it } from "vitest";
import { useResource } from "@/composables/useResource";
import { useAuthStore } from "@/stores/auth";

/** A read whose answers the test gives, in the order of the calls. */
function controlledRead() {
  const calls: {
    signal: AbortSignal;
    answer: (value: string) => void;
    fail: (e: unknown) => void;
  }[] = [];
  const read = (signal: AbortSignal) =>
    new Promise<string>((answer, fail) => calls.push({ signal, answer, fail }));
  return { calls, read };
}
const signedOut = new BffError({ code: "CLIENT_SIGNED_OUT", status: 401, message: "ended" });
const late = new BffError({ code: "TIMEOUT", status: 504, message: "late" });

beforeEach(() => setActivePinia(createPinia()));

it("keeps the last picture while it reads again, and beside an error", async () => {
  const { calls, read } = controlledRead();
  const resource = effectScope().run(() => useResource(read));
  expect(resource?.isLoading.value).toBe(true);
  calls[0]?.answer("one");
  await flushPromises();

  const reloading = resource?.reload();
  expect([resource?.data.value, resource?.isLoading.value]).toEqual(["one", false]);
  calls[1]?.fail(late);
  await reloading;

  expect(resource?.data.value).toBe("one");
  expect(resource?.error.value?.sentence).toBe("error.sentence.timeout");
});

it("shows nothing of another address: neither old data beside its error nor a late answer", async () => {
  const { calls, read } = controlledRead();
  const id = ref("a");
  const resource = effectScope().run(() => useResource(read, [id], { keep: true }));
  calls[0]?.answer("of a");
  await flushPromises();

  id.value = "b";
  await flushPromises();
  expect(resource?.data.value).toBe("of a");
  id.value = "c";
  await flushPromises();
  calls[1]?.answer("of b");
  calls[2]?.fail(late);
  await flushPromises();

  expect(calls[1]?.signal.aborted).toBe(true);
  expect([resource?.data.value, resource?.error.value?.code]).toEqual([undefined, "TIMEOUT"]);
});

it.each([
  [signedOut, 2],
  [late, 1],
])("reads again after %s when the person is back: %i reads", async (failure, reads) => {
  const { calls, read } = controlledRead();
  const auth = useAuthStore();
  const resource = effectScope().run(() => useResource(read));
  auth.hasExpired = true;
  calls[0]?.fail(failure);
  await flushPromises();

  auth.hasExpired = false;
  await flushPromises();
  calls[1]?.answer("back");
  await flushPromises();

  expect(calls.length).toBe(reads);
  expect(resource?.data.value).toBe(reads === 2 ? "back" : undefined);
});

it("aborts what nobody needs any more", () => {
  const { calls, read } = controlledRead();
  const scope = effectScope();
  scope.run(() => useResource(read));

  scope.stop();

  expect(calls[0]?.signal.aborted).toBe(true);
});
