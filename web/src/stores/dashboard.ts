/** The overview: a page of batches, kept current by the stream without moving its rows. */
import type { Api, Change, LiveBatch, LiveState } from "@huleedu/bff-client";
import { defineStore } from "pinia";
import { computed, ref, shallowRef, watch } from "vue";
import { describeError, isAbort } from "@/lib/errors";
import type { ErrorDescription } from "@/lib/errors";
import { readOverview } from "@/services/dashboard";
import type { Overview } from "@/services/dashboard";
import { useAuthStore } from "@/stores/auth";
import { mapAction, mapBatch, stateOf } from "@/utils/batch-mapper";
import type { ActionItem, AnyBatch, RowState } from "@/utils/batch-mapper";
import { apiQuery } from "@/utils/ledger-query";
import type { LedgerQuery } from "@/utils/ledger-query";

type Batches = Readonly<Record<string, LiveBatch>>;

export const useDashboardStore = defineStore("dashboard", () => {
  const auth = useAuthStore();
  const overview = shallowRef<Overview>();
  const live = shallowRef<Batches>();
  const isLoading = ref(false);
  const error = shallowRef<ErrorDescription>();
  const lastUpdated = ref<number | null>(null);
  /** Batches have come or gone since the page was read: it is read again when the teacher wants. */
  const isListChanged = ref(false);
  const animated = ref<ReadonlySet<string>>(new Set());
  let running: AbortController | undefined;
  /** A read that was begun before its view was there. */
  let ahead: { readonly query: string; readonly read: Promise<void> } | undefined;

  const page = computed<Api.TeacherClassDashboardV1 | undefined>(() => overview.value?.page);
  const current = (batch: AnyBatch): AnyBatch => live.value?.[batch.batch_id] ?? batch;
  const batches = computed(() => (page.value?.batches ?? []).map((one) => mapBatch(current(one))));
  const ledgerBatches = batches;
  const attentionBatches = computed(() =>
    batches.value.filter(({ state }) => state === "attention"),
  );
  const processingBatches = computed(() =>
    batches.value.filter(({ state }) => state === "processing"),
  );
  const completedBatches = computed(() =>
    batches.value.filter(({ state }) => state === "complete"),
  );
  const actionItems = computed(() =>
    (overview.value?.attention ?? []).flatMap((one) => actionOf(one, current(one)) ?? []),
  );
  const attentionCount = computed(() => actionItems.value.filter((one) => !one.isDone).length);
  const hasActionItems = computed(() => actionItems.value.length > 0);
  const credits = computed(() => page.value?.credits?.available ?? null);
  const hasRunning = computed(() => batches.value.some(({ isRunning }) => isRunning));

  /** Reads the page before its view is there; the view takes over the read, or was faster. */
  function readAhead(query: LedgerQuery): Promise<void> {
    if (running) return Promise.resolve();
    ahead = { query: JSON.stringify(query), read: fetchDashboard(query) };
    return ahead.read;
  }

  /** Reads the page for a view that has just come, unless that was begun before. */
  function open(query: LedgerQuery): Promise<void> {
    const begun = ahead;
    ahead = undefined;
    return begun?.query === JSON.stringify(query) ? begun.read : fetchDashboard(query);
  }

  /** Reads the page; the old one stays until the answer is there, and beside an error. */
  async function fetchDashboard(query: LedgerQuery): Promise<void> {
    running?.abort();
    const own = new AbortController();
    running = own;
    isLoading.value = true;
    try {
      const answer = await readOverview(apiQuery(query), own.signal);
      if (running !== own) return;
      overview.value = query.sort === "priority" ? grouped(answer) : answer;
      error.value = undefined;
      isListChanged.value = false;
      lastUpdated.value = Date.now();
    } catch (thrown) {
      if (running === own && !isAbort(thrown)) error.value = describeError(thrown);
    } finally {
      if (running === own) isLoading.value = false;
    }
  }

  /** Takes a state of the stream; returns the batch whose shown state is another one now. */
  function updateBatchFromStream(
    state: LiveState<LiveBatch>,
    change: Change,
  ): LiveBatch | undefined {
    const before = live.value;
    live.value = state.batches;
    lastUpdated.value = Date.now();
    if (change.event === "snapshot" || change.batchId === undefined) {
      noteMembership(before, state.batches);
      return undefined;
    }
    if (change.event !== "batch_changed") isListChanged.value = true;
    triggerStateChangeAnimation(change.batchId);
    const now = state.batches[change.batchId];
    return now && isOtherState(before?.[change.batchId], now) ? now : undefined;
  }

  // After a lost connection, a snapshot tells what came and went meanwhile.
  function noteMembership(before: Batches | undefined, now: Batches): void {
    if (!before) return;
    const isSame = Object.keys(now).every((id) => id in before);
    if (!isSame) isListChanged.value = true;
  }

  function triggerStateChangeAnimation(id: string): void {
    animated.value = new Set([...animated.value, id]);
  }

  function endStateChangeAnimation(id: string): void {
    animated.value = new Set([...animated.value].filter((one) => one !== id));
  }

  function isBatchAnimating(id: string): boolean {
    return animated.value.has(id);
  }

  /** Stops what runs and forgets the stream; the last page stays for the way back. */
  function leave(): void {
    running?.abort();
    running = undefined;
    ahead = undefined;
    isLoading.value = false;
    live.value = undefined;
  }

  function clearDashboard(): void {
    leave();
    overview.value = undefined;
    error.value = undefined;
    isListChanged.value = false;
  }

  // The last page is of the person who read it.
  watch(() => auth.user?.id, clearDashboard, { flush: "sync" });

  return {
    page,
    isLoading,
    error,
    lastUpdated,
    isListChanged,
    batches,
    ledgerBatches,
    attentionBatches,
    processingBatches,
    completedBatches,
    actionItems,
    attentionCount,
    hasActionItems,
    credits,
    hasRunning,
    readAhead,
    open,
    fetchDashboard,
    updateBatchFromStream,
    triggerStateChangeAnimation,
    endStateChangeAnimation,
    isBatchAnimating,
    leave,
    clearDashboard,
  };
});

const RANKS: Readonly<Record<RowState, number>> = { attention: 0, processing: 1, complete: 2 };

/** Orders the rows of a page once, when it is read: a row that changes later stays in its place. */
function grouped({ page, attention }: Overview): Overview {
  const rank = (batch: AnyBatch) => RANKS[stateOf(batch)];
  const batches = [...page.batches].sort((one, other) => rank(one) - rank(other));
  return { page: { ...page, batches }, attention };
}

/** A batch that waits no more keeps its place until the page is read again. */
function actionOf(read: AnyBatch, now: AnyBatch): ActionItem | undefined {
  const before = mapAction(read);
  const item = before && mapAction(now);
  if (!before || item) return item;
  // Without matches, another state tells that they are decided; an unknown one tells nothing.
  const hasMovedOn = Boolean(now.status) && now.status !== "awaiting_review";
  return { ...before, isDone: Boolean(now.attention) || hasMovedOn };
}

function isOtherState(before: LiveBatch | undefined, now: LiveBatch): boolean {
  return before?.status !== now.status || before?.processing_phase !== now.processing_phase;
}
