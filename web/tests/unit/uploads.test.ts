import { BffError } from "@huleedu/bff-client";
import { flushPromises } from "@vue/test-utils";
import { effectScope } from "vue";
import { beforeEach, expect, it, vi } from "vitest";
import { useNewBatch } from "@/composables/useNewBatch";
import { useUpload } from "@/composables/useUpload";
import { createBatch, sendFiles } from "@/services/uploads";
import { MAX_FILE_BYTES, addFiles, groupsOf, removeUpload, sendable } from "@/utils/uploads";
import { batch } from "../support/examples";

vi.mock("@/services/uploads", () => ({ createBatch: vi.fn(), sendFiles: vi.fn() }));

function file(name: string, bytes = 10): File {
  const one = new File(["x"], name);
  Object.defineProperty(one, "size", { value: bytes });
  return one;
}
const scoped = <T>(make: () => T): T => effectScope().run(make) as T;
const sent = (names: string[]) =>
  names.map(
    (filename) => ({ filename, size: 1, status: "sent", reason: null, message: null }) as const,
  );

beforeEach(() => vi.clearAllMocks());

it("finds what the platform would refuse before anything is sent", () => {
  const uploads = addFiles(
    [],
    [
      file("a.TXT"),
      file("b.png"),
      file("c.pdf", 0),
      file("d.docx", MAX_FILE_BYTES + 1),
      file("a.TXT", 99),
      file("a.TXT"),
    ],
  );

  expect(uploads.map(({ problem }) => problem)).toEqual([
    undefined,
    "wrong_type",
    "empty",
    "too_large",
    "doubled",
  ]);
  expect(sendable(uploads)).toHaveLength(1);
  const first = uploads[0]?.id ?? 0;
  expect(removeUpload(uploads, first).at(-1)?.problem).toBeUndefined();
});

it("sends a few files in each request and keeps what was not taken", async () => {
  const upload = scoped(useUpload);
  upload.add(Array.from({ length: 9 }, (_, index) => file(`${index}.txt`)));
  expect(groupsOf(upload.pending.value).map((group) => group.length)).toEqual([4, 4, 1]);
  vi.mocked(sendFiles)
    .mockResolvedValueOnce(sent(["0", "1", "2", "3"]))
    .mockRejectedValueOnce(new BffError({ code: "CONFLICT", status: 409, message: "" }));

  await upload.send("b");

  const states = upload.uploads.value.map(({ state }) => state);
  expect(states.slice(0, 4)).toEqual(Array(4).fill("sent"));
  expect(states.slice(4, 8)).toEqual(Array(4).fill("not_sent"));
  expect([states[8], upload.sent.value, upload.failed.value]).toEqual(["waiting", 4, 4]);
  expect(upload.error.value?.kind).toBe("conflict");
  expect(upload.pending.value).toHaveLength(5);
});

it("sends nothing again by itself that may have arrived", async () => {
  const upload = scoped(useUpload);
  upload.add([file("a.txt")]);
  vi.mocked(sendFiles).mockRejectedValueOnce(
    new BffError({ code: "CLIENT_UNREACHABLE", message: "" }),
  );

  await upload.send("b");

  expect(upload.uploads.value[0]?.state).toBe("unknown");
  expect(upload.pending.value).toEqual([]);
});

it("makes one batch however often the form is sent, and another one of another form", async () => {
  const { form, upload, problem, submit } = scoped(useNewBatch);
  expect(problem.value).toBe("Välj en klass.");
  form.kind = "guest";
  form.course = "ENG5";
  upload.add([file("a.txt")]);
  await flushPromises();
  expect(problem.value).toBeUndefined();
  vi.mocked(createBatch).mockRejectedValue(
    new BffError({ code: "TIMEOUT", status: 504, message: "" }),
  );
  const keys = () => vi.mocked(createBatch).mock.calls.map(([, key]) => key);

  await submit();
  await submit();
  form.title = "Resa";
  await flushPromises();
  vi.mocked(createBatch).mockResolvedValueOnce({ batch: batch(), is_listed: false });
  vi.mocked(sendFiles).mockResolvedValueOnce(sent(["a"]));
  await submit();

  expect(keys()[1]).toBe(keys()[0]);
  expect(keys()[2]).not.toBe(keys()[0]);
  expect(vi.mocked(createBatch).mock.lastCall?.[0]).toEqual({
    class_id: null,
    course_code: "ENG5",
    expected_essay_count: 1,
    title: "Resa",
  });
  expect(upload.sent.value).toBe(1);
});
