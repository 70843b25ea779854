import { BffError } from "@huleedu/bff-client";
import type { Api, LiveBatch } from "@huleedu/bff-client";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, expect, it, vi } from "vitest";
import { readOverview } from "@/services/dashboard";
import { useAuthStore } from "@/stores/auth";
import { useDashboardStore } from "@/stores/dashboard";
import { apiQuery, ledgerLocation, parseLedgerQuery } from "@/utils/ledger-query";
import { ATTENTION, batch, example } from "../support/examples";

vi.mock("@/services/dashboard", () => ({ readOverview: vi.fn() }));

const QUERY = parseLedgerQuery({});
const running = batch({
  batch_id: "a",
  status: "processing",
  processing_phase: "spellcheck",
  attention: null,
});
const done = batch({ batch_id: "b", status: "completed_successfully", attention: null });
const waiting = batch({ batch_id: "c", status: "awaiting_review", attention: ATTENTION });
const asLive = (one: Api.DashboardBatchV1) => one as unknown as LiveBatch;

function answer(...batches: Api.DashboardBatchV1[]) {
  const page = example<Api.TeacherClassDashboardV1>("TeacherClassDashboardV1");
  const attention = batches.filter((one) => one.attention);
  vi.mocked(readOverview).mockResolvedValueOnce({ page: { ...page, batches }, attention });
}

beforeEach(() => setActivePinia(createPinia()));

it("orders a page by what needs the teacher, and keeps the order when a row changes", async () => {
  const store = useDashboardStore();
  answer(done, running, waiting);

  await store.fetchDashboard(QUERY);
  expect(store.batches.map(({ id }) => id)).toEqual(["c", "a", "b"]);
  store.updateBatchFromStream(
    { version: 2, batches: { a: asLive({ ...running, status: "completed_successfully" }) } },
    { event: "batch_changed", batchId: "a" },
  );

  expect(store.batches.map(({ id, state }) => `${id} ${state}`)).toEqual([
    "c attention",
    "a complete",
    "b complete",
  ]);
});

it("flashes a changed row until its animation ends, and names only another state", async () => {
  const store = useDashboardStore();
  answer(running);
  await store.fetchDashboard(QUERY);
  const change = { event: "batch_changed", batchId: "a" } as const;
  store.updateBatchFromStream(
    { version: 1, batches: { a: asLive(running) } },
    { event: "snapshot" },
  );

  const further = asLive({ ...running, progress_percent: 70 });
  expect(
    store.updateBatchFromStream({ version: 2, batches: { a: further } }, change),
  ).toBeUndefined();
  expect(store.isBatchAnimating("a")).toBe(true);
  store.endStateChangeAnimation("a");
  expect(store.isBatchAnimating("a")).toBe(false);

  const ended = asLive({ ...running, status: "completed_successfully" });
  expect(store.updateBatchFromStream({ version: 3, batches: { a: ended } }, change)).toBe(ended);
});

it("keeps the card of a batch that waits no more in its place, and says so only when it is known", async () => {
  const store = useDashboardStore();
  const other = { ...waiting, batch_id: "d" };
  answer(waiting, other);
  await store.fetchDashboard(QUERY);
  const cards = (change: Partial<Api.DashboardBatchV1>) => {
    store.updateBatchFromStream(
      { version: 2, batches: { c: asLive({ ...waiting, ...change }) } },
      { event: "batch_changed", batchId: "c" },
    );
    return store.actionItems.map(({ batchId, isDone }) => `${batchId} ${isDone}`);
  };

  const confirmed_at = "2026-01-31T09:00:00Z";
  expect(cards({ attention: { ...ATTENTION, confirmed_at } })).toEqual(["c true", "d false"]);
  expect(store.attentionCount).toBe(1);
  expect(cards({ attention: null, status: "ready" })).toEqual(["c true", "d false"]);
  expect(cards({ attention: null })).toEqual(["c false", "d false"]);
  expect(cards({ attention: null, status: null })).toEqual(["c false", "d false"]);
});

it("adds no row by itself: it says that the list has changed until it is read again", async () => {
  const store = useDashboardStore();
  answer(running);
  await store.fetchDashboard(QUERY);

  store.updateBatchFromStream(
    { version: 2, batches: { a: asLive(running), b: asLive(done) } },
    { event: "batch_added", batchId: "b" },
  );
  expect([store.isListChanged, store.batches.length]).toEqual([true, 1]);

  answer(running, done);
  await store.fetchDashboard(QUERY);
  expect([store.isListChanged, store.batches.length]).toEqual([false, 2]);
});

it("keeps the last page beside an error, and its unknown credits stay unknown", async () => {
  const store = useDashboardStore();
  answer(waiting);
  await store.fetchDashboard(QUERY);
  vi.mocked(readOverview).mockRejectedValueOnce(
    new BffError({ code: "TIMEOUT", status: 504, message: "late", details: { part: "batches" } }),
  );

  await store.fetchDashboard(QUERY);

  expect(store.error).toMatchObject({ sentence: "error.sentence.timeout", part: "batches" });
  expect(store.actionItems).toHaveLength(1);
  expect(store.isLoading).toBe(false);
  store.clearDashboard();
  expect([store.page, store.credits]).toEqual([undefined, null]);
});

it("forgets the page of a person who has left", async () => {
  const auth = useAuthStore();
  auth.setAuth({ id: "anna", email: "a@x.se", name: null, roles: ["teacher"] });
  const store = useDashboardStore();
  answer(waiting);
  await store.fetchDashboard(QUERY);

  auth.clearAuth();

  expect([store.page, store.actionItems]).toEqual([undefined, []]);
});

it("holds filter, order and page in the address, and drops what means nothing", () => {
  const query = {
    groups: ["running", "failed"],
    classId: "",
    sort: "last_change",
    page: 3,
  } as const;

  const location = ledgerLocation(query);

  expect(parseLedgerQuery(location as Record<string, string>)).toEqual(query);
  expect(apiQuery(query)).toEqual({
    limit: 20,
    offset: 40,
    sort: "last_change",
    state: ["processing", "retried", "failed", "cancelled"],
  });
  expect(ledgerLocation(QUERY)).toEqual({});
  expect(parseLedgerQuery({ state: "x", class: "<b>", sort: "up", page: "-1" })).toEqual(QUERY);
});

it("shows a read that was begun ahead once, and reads anew for another query or later", async () => {
  const store = useDashboardStore();
  const calls = vi.mocked(readOverview).mock.calls.length;
  const made = () => vi.mocked(readOverview).mock.calls.length - calls;
  answer(running);
  await store.readAhead(QUERY);

  await store.open(QUERY);
  expect([made(), store.batches.length]).toEqual([1, 1]);
  answer(done);
  await store.open(QUERY);
  await store.readAhead(QUERY);
  expect(made()).toBe(2);
  store.leave();
  answer(running);
  void store.readAhead(QUERY);
  answer(done);
  await store.open({ ...QUERY, page: 2 });

  expect(made()).toBe(4);
  expect(store.batches.map(({ id }) => id)).toEqual(["b"]);
});
