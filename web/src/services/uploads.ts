/** New batches and their files. */
import { BffError } from "@huleedu/bff-client";
import type { Api } from "@huleedu/bff-client";
import {
  BatchFileListV1,
  BatchFilesSentV1,
  CreatedBatchV1,
  FileRemovalV1,
} from "@huleedu/bff-client/schemas";
import { getWithValidation, teacherClient } from "@/lib/api-client";

const MAX_WAIT_SECONDS = 60;

export function createBatch(
  batch: Api.BatchCreationV1,
  idempotencyKey: string,
): Promise<Api.CreatedBatchV1> {
  return getWithValidation(CreatedBatchV1, teacherClient.createBatch(batch, { idempotencyKey }));
}

/** Sends files; when they come too fast, once more after the time that the gateway asks for. */
export async function sendFiles(
  batchId: string,
  files: readonly File[],
  signal: AbortSignal,
): Promise<readonly Api.SentFileV1[]> {
  const send = () =>
    getWithValidation(BatchFilesSentV1, teacherClient.sendFiles(batchId, files, { signal }));
  try {
    return (await send()).files;
  } catch (error) {
    if (!(error instanceof BffError) || error.status !== 429) throw error;
    await sleep(Math.min(error.retryAfter ?? 1, MAX_WAIT_SECONDS), signal);
    return (await send()).files;
  }
}

export function readFiles(batchId: string, signal: AbortSignal): Promise<Api.BatchFileListV1> {
  return getWithValidation(BatchFileListV1, teacherClient.files(batchId, { signal }));
}

export function removeFile(batchId: string, fileUploadId: string): Promise<Api.FileRemovalV1> {
  return getWithValidation(FileRemovalV1, teacherClient.removeFile(batchId, fileUploadId));
}

function sleep(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
