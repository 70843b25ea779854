/** Opens the event stream of the gateway over fetch. */
import { textOf } from "./body.js";
import { errorFromException, errorFromResponse } from "./errors.js";
import type { BaseOptions } from "./request.js";

/** The stream of a teacher's batches, or of one batch. */
export interface StreamTarget extends Pick<BaseOptions, "baseUrl" | "fetch"> {
  readonly batchId?: string | undefined;
}

/** The body of a newly opened stream, which goes on after `lastEventId`; without a token, by cookie. */
export async function openStream(
  { baseUrl, batchId, fetch: send = fetch }: StreamTarget,
  token: string | undefined,
  lastEventId: string | undefined,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const headers = new Headers({ Accept: "text/event-stream" });
  if (token !== undefined) headers.set("Authorization", `Bearer ${token}`);
  if (lastEventId !== undefined) headers.set("Last-Event-ID", lastEventId);
  const query = batchId === undefined ? "" : `?batch_id=${encodeURIComponent(batchId)}`;
  const url = `${baseUrl.replace(/\/$/, "")}/bff/v1/teacher/events${query}`;
  try {
    const credentials = token === undefined ? "include" : "omit";
    const options = { headers, signal, credentials, cache: "no-store", redirect: "error" } as const;
    const response = await send(url, options);
    const isStream = response.headers.get("Content-Type")?.startsWith("text/event-stream");
    if (response.ok && isStream && response.body) return response.body;
    throw errorFromResponse(response, await textOf(response, signal));
  } catch (error) {
    throw errorFromException(signal.aborted ? signal.reason : error);
  }
}
