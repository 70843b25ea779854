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
  "phases" | "essays" | "total_essays" | "progress_percent"
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

// A phase begins when every expected text is there; before, the texts that are there count.
function uploadStep({ essays, total_essays: total }: Batch, phases: Api.BatchPhaseV1[]): Step {
  const hasBegun = phases.some(({ status }) => status !== "waiting");
  const isComplete = hasBegun || (total > 0 && essays.length >= total);
  const percent = total > 0 ? Math.round((100 * essays.length) / total) : null;
  return {
    name: "upload",
    label: "step.upload",
    state: isComplete ? "completed" : "running",
    percent: isComplete ? null : percent,
    completedAt: null,
  };
}
