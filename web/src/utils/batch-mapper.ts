/** Batches of the API as the screens show them: the wire is English, the words are made here. */
import type { Api, LiveBatch } from "@huleedu/bff-client";
import { formatRecent } from "@/lib/format";
import { t } from "@/lib/i18n";
import type { PlainKey } from "@/lib/i18n";
import { timeOfToday } from "@/lib/today";

/** A batch of a page or of the stream, which leaves out what is null. */
export type AnyBatch = Api.DashboardBatchV1 | Api.TeacherBatchDetailV1 | LiveBatch;
export type BatchStatus = Api.BatchStatusV1;
export type RowState = "attention" | "processing" | "complete";

/** A row of the ledger. */
export type DashboardBatch = {
  readonly id: string;
  readonly batchCode: string;
  readonly title: string;
  readonly className: string | null;
  readonly state: RowState;
  readonly status: BatchStatus | null;
  readonly statusLabel: string;
  readonly totalEssays: number;
  readonly completedEssays: number;
  /** Null where nothing counts: it is no zero. */
  readonly progressPercent: number | null;
  readonly progressLabel: string | null;
  readonly timeDisplay: string;
  readonly time: string;
  /** A phase runs: the row has a bar and a pulsing dot. */
  readonly isRunning: boolean;
  readonly deviationCount: number | null;
  readonly autoConfirmFrom: string | null;
  readonly isHighPriority: boolean;
};

/** What waits for the teacher: matches to review before they confirm themselves. */
export type ActionItem = {
  readonly batchId: string;
  readonly batchCode: string;
  readonly className: string | null;
  readonly title: string;
  readonly totalEssays: number;
  /** Matches to decide; null when the automatic confirmation may have been there. */
  readonly pending: number | null;
  readonly unmatched: number;
  readonly autoConfirmFrom: string | null;
  /** Nothing waits any more, since the page was read. */
  readonly isDone: boolean;
};

const STATES: Readonly<Record<BatchStatus, RowState>> = {
  not_started: "processing",
  awaiting_review: "attention",
  ready: "processing",
  processing: "processing",
  retried: "processing",
  completed_successfully: "complete",
  completed_with_failures: "complete",
  failed: "attention",
  cancelled: "complete",
};
const RUNNING: ReadonlySet<BatchStatus> = new Set(["processing", "retried"]);

export function mapBatch(batch: AnyBatch, now = timeOfToday()): DashboardBatch {
  const status = batch.status ?? null;
  const time = batch.completed_at ?? batch.last_updated;
  const isRunning = status !== null && RUNNING.has(status);
  return {
    id: batch.batch_id,
    batchCode: batch.batch_code,
    title: batchTitle(batch),
    className: batch.class_name ?? null,
    state: stateOf(batch),
    status,
    statusLabel: statusLabel(status),
    totalEssays: batch.total_essays,
    completedEssays: batch.completed_essays,
    progressPercent: batch.progress_percent ?? null,
    progressLabel: progressLabel(batch),
    timeDisplay: isRunning ? "" : formatRecent(time, now),
    time,
    isRunning,
    deviationCount: batch.deviation_count ?? null,
    autoConfirmFrom: batch.auto_confirm_deadline ?? null,
    isHighPriority: status === "processing",
  };
}

/** The batch as an action card; undefined when nothing of it waits for the teacher. */
export function mapAction(batch: AnyBatch): ActionItem | undefined {
  const { attention } = batch;
  if (!attention || attention.confirmed_at || attention.pending === 0) return undefined;
  return {
    batchId: batch.batch_id,
    batchCode: batch.batch_code,
    className: batch.class_name ?? null,
    title: batchTitle(batch),
    totalEssays: batch.total_essays,
    pending: attention.pending ?? null,
    unmatched: attention.unmatched,
    autoConfirmFrom: attention.auto_confirm_from ?? null,
    isDone: false,
  };
}

/** The batch's title; the platform's stand-in for one in the words of the page. */
export function batchTitle(batch: {
  readonly title: string;
  readonly title_source?: string | null;
}): string {
  return batch.title_source ? batch.title : t("batch.untitled");
}

/** "CLASS · Title", or the title alone. */
export function fullTitle(className: string | null | undefined, title: string): string {
  return className ? `${className} · ${title}` : title;
}

/** The group of a batch in the ledger. */
export function stateOf({ status, attention }: AnyBatch): RowState {
  if ((attention?.pending ?? 0) > 0 && !attention?.confirmed_at) return "attention";
  return status ? STATES[status] : "processing";
}

export function statusLabel(status: BatchStatus | null): string {
  return t(status ? `status.${status}` : "status.unknown");
}

const PROGRESS: Readonly<Partial<Record<BatchStatus, PlainKey>>> = {
  awaiting_review: "progress.review",
  ready: "progress.ready",
  completed_successfully: "progress.done",
  failed: "progress.failed",
};

function progressLabel(batch: AnyBatch): string | null {
  const status = batch.status ?? null;
  if (status === "processing") return phaseLabel(batch.processing_phase ?? null);
  if (status === "completed_with_failures") {
    return t("progress.deviations", { n: batch.failed_essays });
  }
  const key = status && PROGRESS[status];
  return key ? t(key) : null;
}

const PHASES: Readonly<Record<string, PlainKey>> = {
  spellcheck: "phase.spellcheck",
  cj_assessment: "phase.cj_assessment",
  ai_feedback: "phase.ai_feedback",
  nlp: "phase.nlp",
};

/** A running phase in words; phases of later versions as the platform names them. */
export function phaseLabel(phase: string | null): string | null {
  if (phase === null) return null;
  const key = PHASES[phase];
  return key ? t(key) : t("phase.other", { name: phase });
}
