/** The strip of phases of a batch. */
import type { Api } from "@huleedu/bff-client";
import { t } from "@/lib/i18n";
import type { PlainKey } from "@/lib/i18n";

export type StepState = Api.BatchPhaseV1["status"];
export type Step = {
  readonly name: string;
  readonly label: PlainKey;
  readonly state: StepState;
  /** 0 to 100 while it runs and something counts. */
  readonly percent: number | null;
  readonly completedAt: string | null;
};

const LABELS = [
  ["spellcheck", "step.spellcheck"],
  ["cj_assessment", "step.cj_assessment"],
  ["nlp", "step.nlp"],
] as const;

type PhaseName = (typeof LABELS)[number][0];

/** Tells whether the platform can run a phase again. */
export function isRetriable(name: string): name is PhaseName {
  return LABELS.some(([one]) => one === name);
}

/** A phase in a word; one of a later version as the platform names it. */
export function stepLabel(name: string): string {
  const label = LABELS.find(([one]) => one === name)?.[1];
  return label ? t(label) : name;
}

type Batch = Pick<
  Api.TeacherBatchDetailV1,
  | "phases"
  | "essays"
  | "total_essays"
  | "progress_percent"
  | "status"
  | "waits_for"
  | "placed_files"
>;

/** Upload and the phases in order; empty while the phases are unknown. */
export function stepsOf(batch: Batch): Step[] {
  const { phases } = batch;
  if (phases === null) return [];
  const steps = LABELS.map(([name, label]): Step => {
    const phase = phases.find((one) => one.name === name);
    const isCounted = phase?.status === "running" && name === "spellcheck";
    return {
      name,
      label,
      state: phase?.status ?? "waiting",
      percent: isCounted ? batch.progress_percent : null,
      completedAt: phase?.completed_at ?? null,
    };
  });
  return [uploadStep(batch, phases), ...steps];
}

/** States of a batch that has every text. */
const WITH_ALL_TEXTS: ReadonlySet<Batch["status"]> = new Set(["ready", "awaiting_review"]);

// A phase begins when every expected text is there; before, the texts that are there count.
function uploadStep(batch: Batch, phases: Api.BatchPhaseV1[]): Step {
  const total = batch.total_essays;
  const arrived = Math.max(batch.essays.length, batch.placed_files ?? 0);
  const hasBegun = phases.some(({ status }) => status !== "waiting");
  const isMatched = Boolean(batch.waits_for) && batch.waits_for !== "files";
  const isComplete =
    hasBegun || isMatched || WITH_ALL_TEXTS.has(batch.status) || (total > 0 && arrived >= total);
  const isCounted = total > 0 && (arrived > 0 || typeof batch.placed_files === "number");
  return {
    name: "upload",
    label: "step.upload",
    state: isComplete ? "completed" : "running",
    percent: isCounted && !isComplete ? Math.round((100 * arrived) / total) : null,
    completedAt: null,
  };
}
