import type { Api } from "@huleedu/bff-client";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, expect, test, vi } from "vitest";
import { effectScope } from "vue";
import { useBatchFiles } from "@/composables/useBatchFiles";
import type { CountedFiles } from "@/composables/useBatchFiles";
import { readFiles } from "@/services/uploads";
import { stepsOf } from "@/utils/phases";

vi.mock("@/services/uploads");

beforeEach(() => setActivePinia(createPinia()));

const UNKNOWN: CountedFiles = { placed: null, rejected: null };

async function countsOf(statuses: Api.BatchFileV1["status"][], counted: CountedFiles) {
  const files = statuses.map((status) => ({ status }) as Api.BatchFileV1);
  vi.mocked(readFiles).mockResolvedValue({
    batch_id: "b",
    expected: 26,
    files,
    parts: [],
  });
  const scope = effectScope();
  const list = scope.run(() =>
    useBatchFiles(
      () => "b",
      () => counted,
    ),
  );
  await vi.waitFor(() => expect(list?.data.value).toBeDefined());
  const counts = [list?.readable.value, list?.rejected.value, list?.missing.value];
  scope.stop();
  return counts;
}

test("files are counted by the list and by the platform, and nothing is counted as nothing", async () => {
  const { placed, rejected } = { placed: 25, rejected: 1 };
  expect(await countsOf([], UNKNOWN)).toEqual([null, 0, 0]);
  expect(await countsOf([], { placed, rejected })).toEqual([25, 1, 1]);
  expect(await countsOf([], { placed: 0, rejected: null })).toEqual([0, 0, 26]);
  expect(await countsOf(["stored", "sent", "rejected"], UNKNOWN)).toEqual([2, 1, 24]);
  expect(await countsOf(["stored", "removed"], { placed, rejected })).toEqual([25, 1, 1]);
});

const EMPTY = {
  phases: [{ name: "spellcheck", status: "waiting", started_at: null, completed_at: null }],
  essays: [],
  total_essays: 26,
  progress_percent: null,
  status: "not_started",
  waits_for: null,
  placed_files: null,
} satisfies Parameters<typeof stepsOf>[0];

test.each([
  ["nothing said", {}, "running", null],
  ["counted", { placed_files: 13, waits_for: "files" }, "running", 50],
  ["none counted", { placed_files: 0 }, "running", 0],
  ["all counted", { placed_files: 26 }, "completed", null],
  ["being matched", { waits_for: "matching" }, "completed", null],
  ["ready", { status: "ready" }, "completed", null],
] as const)("the upload of a batch: %s", (_name, told, state, percent) => {
  expect(stepsOf({ ...EMPTY, ...told })[0]).toMatchObject({ name: "upload", state, percent });
});
