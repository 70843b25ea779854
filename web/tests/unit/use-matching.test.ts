import { BffError } from "@huleedu/bff-client";
import type { Api } from "@huleedu/bff-client";
import { flushPromises } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { effectScope } from "vue";
import { beforeEach, expect, it, vi } from "vitest";
import { useMatching } from "@/composables/useMatching";
import { teacherClient } from "@/lib/api-client";
import { example } from "../support/examples";

vi.mock("@/lib/api-client", () => ({
  teacherClient: { batch: vi.fn(), associations: vi.fn(), confirmAssociations: vi.fn() },
  getWithValidation: (_schema: unknown, call: Promise<unknown>) => call,
}));

const list = example<Api.StudentAssociationListV1>("StudentAssociationListV1");
const [first] = list.associations.filter((one) => one.must_be_decided);

const NO_TIMES = { auto_confirm_from: null, auto_confirm_by: null, confirmed_at: null };

async function opened() {
  vi.mocked(teacherClient.batch).mockResolvedValue(example("TeacherBatchDetailV1"));
  vi.mocked(teacherClient.associations).mockResolvedValue(structuredClone(list));
  const matching = effectScope().run(() => useMatching("b"));
  await flushPromises();
  if (!matching || !first) throw new Error("the example has nothing to decide");
  return matching;
}

function refuse(fields: Partial<BffError>): void {
  const error = new BffError({ code: "CONFLICT", status: 409, message: "no", ...fields });
  vi.mocked(teacherClient.confirmAssociations).mockRejectedValueOnce(error);
}

beforeEach(() => {
  vi.clearAllMocks();
  setActivePinia(createPinia());
});

it("keeps a choice while the page is away, until the batch is confirmed", async () => {
  const essay = first?.essay_id ?? "";
  const before = await opened();
  const suggested = before.choices.value[essay];
  expect(suggested).not.toBe("");
  before.choose(essay, "");

  const again = await opened();
  expect(again.choices.value[essay]).toBe("");
  vi.mocked(teacherClient.confirmAssociations).mockResolvedValueOnce(
    example("AssociationConfirmResultV1"),
  );
  await again.confirm();

  expect((await opened()).choices.value[essay]).toBe(suggested);
});

it("repeats an attempt of unknown outcome with its key, and another choice with a new one", async () => {
  const matching = await opened();
  refuse({ code: "TIMEOUT", status: 504, idempotencyKey: "key-1" });
  const keys = () =>
    vi
      .mocked(teacherClient.confirmAssociations)
      .mock.calls.map(([, , call]) => call?.idempotencyKey);

  await matching.confirm();
  expect(matching.error.value?.sentence).toBe("error.sentence.timeout");
  refuse({ code: "TIMEOUT", status: 504, idempotencyKey: "key-1" });
  await matching.confirm();
  matching.choose(first?.essay_id ?? "", "");
  refuse({ code: "TIMEOUT", status: 504 });
  await matching.confirm();

  expect(keys()).toEqual([undefined, "key-1", undefined]);
});

it("says that a confirmation may have been made when its answer was lost behind the gateway", async () => {
  const matching = await opened();
  refuse({ code: "CONNECTION_ERROR", status: 502, details: { outcome: "unknown" } });

  await matching.confirm();

  expect(matching.error.value).toBeUndefined();
  expect(matching.conflict.value).toEqual({
    reason: "outcome_unknown",
    at: undefined,
    decisions: [],
  });
});

it("shows what another attempt decided, and forces only when it is told to", async () => {
  const matching = await opened();
  const decisions = [{ essay_id: first?.essay_id, student_id: null }];
  refuse({
    details: { reason: "outcome_unknown", attempted_at: "2026-02-07T10:00:00Z", decisions },
  });

  await matching.confirm();
  expect(matching.conflict.value).toEqual({
    reason: "outcome_unknown",
    at: "2026-02-07T10:00:00Z",
    decisions,
  });
  vi.mocked(teacherClient.confirmAssociations).mockResolvedValueOnce(
    example("AssociationConfirmResultV1"),
  );
  await matching.confirm(true);

  const forced = vi
    .mocked(teacherClient.confirmAssociations)
    .mock.calls.map(([, body]) => body.force);
  expect(forced).toEqual([false, true]);
  expect(matching.result.value).toBeDefined();
  expect(matching.conflict.value).toBeUndefined();
});

it("confirms nothing while a suggestion is unknown or a pupil is chosen twice", async () => {
  if (!first) throw new Error("the example has nothing to decide");
  const associations = [first, { ...first, essay_id: "another" }];
  vi.mocked(teacherClient.associations).mockResolvedValueOnce({ ...list, associations });
  const matching = await opened();
  const [one, other] = matching.associations.value;
  matching.choose(one?.essay_id ?? "", "same");
  matching.choose(other?.essay_id ?? "", "same");

  expect([...matching.doubled.value]).toEqual(["same"]);
  await matching.confirm();

  expect(matching.canConfirm.value).toBe(false);
  expect(teacherClient.confirmAssociations).not.toHaveBeenCalled();
});

it("counts texts without a row among those without a pupil", async () => {
  const matching = await opened();
  const before = matching.unlinked.value;
  const batch = example<Api.TeacherBatchDetailV1>("TeacherBatchDetailV1");
  const attention = { kind: "student_matching", pending: 1, unmatched: 2 } as const;
  vi.mocked(teacherClient.batch).mockResolvedValue({
    ...batch,
    attention: { ...attention, uncertain: null, ...NO_TIMES },
  });
  await matching.batch.reload();

  expect(matching.unlinked.value).toBe(before + 2);
});
