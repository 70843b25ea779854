/** What a start would cost, the start itself, and another run of a phase. */
import type { Api } from "@huleedu/bff-client";
import { PipelinePreviewV1, PipelineStartV1 } from "@huleedu/bff-client/schemas";
import { getWithValidation, teacherClient } from "@/lib/api-client";

export type PipelineName = Api.PipelinePreviewV1["phase"];
export type RetriedPhase = Api.PipelineStartV1["phase"];

export function previewPipeline(
  batchId: string,
  phase: PipelineName,
  signal: AbortSignal,
): Promise<Api.PipelinePreviewV1> {
  const call = teacherClient.previewPipeline(batchId, phase, { signal });
  return getWithValidation(PipelinePreviewV1, call);
}

/** `reason` starts it although an earlier start may have arrived. */
export function startPipeline(
  batchId: string,
  phase: PipelineName,
  idempotencyKey: string,
  reason?: string,
): Promise<Api.PipelineStartV1> {
  const body = { phase, ...(reason && { retry: { reason } }) };
  return getWithValidation(
    PipelineStartV1,
    teacherClient.startPipeline(batchId, body, { idempotencyKey }),
  );
}

export function retryPhase(
  batchId: string,
  phase: RetriedPhase,
  reason: string,
  idempotencyKey: string,
): Promise<Api.PipelineStartV1> {
  return getWithValidation(
    PipelineStartV1,
    teacherClient.retryPhase(batchId, phase, { reason }, { idempotencyKey }),
  );
}
