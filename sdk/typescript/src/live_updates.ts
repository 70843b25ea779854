/** Follows a teacher's live updates over fetch and keeps a state equal to a fresh read. */
import { AbortTimeout } from "./abort_timeout.js";
import { BffError, errorFromException, errorFromResponse } from "./errors.js";
import { parseEventStream } from "./event_stream.js";
import type { StreamEvent } from "./event_stream.js";
import { BatchReplica } from "./live_state.js";
import type { Activity, Change, LiveBatch, LiveBatchDetail, LiveState } from "./live_state.js";
import { resolveToken } from "./request.js";
import type { ClientOptions } from "./request.js";

/** Statuses that are retried, like every 5xx; 0 is no response, 200 an invalid stream. */
const RETRIED_STATUSES = new Set([0, 200, 408, 425, 429]);
const MAX_BACKOFF_SECONDS = 30;

export interface FollowOptions<B> extends Omit<ClientOptions, "timeoutSeconds"> {
  readonly signal?: AbortSignal | undefined;
  /** Receives every state in order. States are immutable and share their unchanged parts. */
  onState(state: LiveState<B>, change: Change): void;
  onActivity?(activity: Activity): void;
  /** Disconnected: `seconds` until the next attempt. No error when the server closed the stream. */
  onReconnecting?(seconds: number, error: BffError | undefined): void;
  /** Seconds without a byte after which the connection is dropped. Default 45: three heartbeats. */
  readonly idleTimeoutSeconds?: number | undefined;
  /** Seconds of the first backoff; it doubles up to half a minute. Default 1. */
  readonly initialBackoffSeconds?: number | undefined;
}

/** Follows the newest 50 batches until the signal; rejects on errors that no retry mends (401, 403). */
export function followBatches(options: FollowOptions<LiveBatch>): Promise<void> {
  return follow(options);
}

/** Follows one batch's detail with its essays, like `followBatches`. */
export function followBatch(
  batchId: string,
  options: FollowOptions<LiveBatchDetail>,
): Promise<void> {
  return follow({ ...options, batchId });
}

type StreamOptions<B> = FollowOptions<B> & { readonly batchId?: string };

interface ConnectionEnd {
  readonly retryMs?: number | undefined;
  readonly error?: BffError | undefined;
}

async function follow<B>(options: StreamOptions<B>): Promise<void> {
  const replica = new BatchReplica<B>();
  let failures = 0;
  while (!options.signal?.aborted) {
    const before = replica.eventCount;
    const { retryMs, error } = await runConnection(options, replica);
    if (options.signal?.aborted) return;
    // A stream that is invalid every time must back off although its first events are valid.
    const reset = replica.eventCount > before && error?.status === 0;
    if (error === undefined) failures = 0;
    else failures = reset ? 1 : failures + 1;
    const seconds = reconnectDelay(failures, retryMs, error, options.initialBackoffSeconds ?? 1);
    options.onReconnecting?.(seconds, error);
    await sleep(seconds * 1000, options.signal);
  }
}

/** Runs one connection. Throws permanent errors and those of the caller's own callbacks. */
async function runConnection<B>(
  options: StreamOptions<B>,
  replica: BatchReplica<B>,
): Promise<ConnectionEnd> {
  try {
    return { retryMs: await readConnection(options, replica) };
  } catch (error) {
    if (!(error instanceof BffError)) throw error;
    const retried = RETRIED_STATUSES.has(error.status) || error.status >= 500;
    if (options.signal?.aborted || retried) return { error };
    throw error;
  }
}

/** Reads one connection to its `end` event; returns the server's `retry:` in milliseconds. */
async function readConnection<B>(
  options: StreamOptions<B>,
  replica: BatchReplica<B>,
): Promise<number | undefined> {
  const idle = errorFromException(new Error("no byte within the idle timeout"));
  const timeout = new AbortTimeout(options.idleTimeoutSeconds ?? 45, idle, options.signal);
  try {
    const body = await openStream(options, replica.lastEventId, timeout.signal);
    for await (const event of parseEventStream(body, timeout.signal, timeout.restart)) {
      if (event.name === "end") return event.retryMs;
      dispatch(options, replica, event);
    }
    throw errorFromException(new Error("the stream was cut"));
  } finally {
    timeout.close();
  }
}

async function openStream<B>(
  { baseUrl, batchId, token, fetch: send = fetch }: StreamOptions<B>,
  lastEventId: string | undefined,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const headers = new Headers({ Accept: "text/event-stream" });
  headers.set("Authorization", `Bearer ${await resolveToken(token)}`);
  if (lastEventId !== undefined) headers.set("Last-Event-ID", lastEventId);
  const query = batchId === undefined ? "" : `?batch_id=${encodeURIComponent(batchId)}`;
  const url = `${baseUrl.replace(/\/$/, "")}/bff/v1/teacher/events${query}`;
  try {
    const response = await send(url, { headers, signal, cache: "no-store", redirect: "error" });
    const isStream = response.headers.get("Content-Type")?.startsWith("text/event-stream");
    if (response.ok && isStream && response.body) return response.body;
    throw errorFromResponse(response, await response.text());
  } catch (error) {
    throw errorFromException(signal.aborted ? signal.reason : error);
  }
}

/** Applies an event to the replica and calls the caller's callbacks. */
function dispatch<B>(
  options: FollowOptions<B>,
  replica: BatchReplica<B>,
  event: StreamEvent,
): void {
  const { activity, change } = replica.apply(event);
  if (activity) options.onActivity?.(activity);
  if (change && replica.state) options.onState(replica.state, change);
}

/** Seconds until the next attempt: the server's `retry:`, else exponential backoff with jitter. */
function reconnectDelay(
  failures: number,
  retryMs: number | undefined,
  error: BffError | undefined,
  initialSeconds: number,
): number {
  if (retryMs !== undefined) return Math.min(Math.max(retryMs / 1000, 0.2), MAX_BACKOFF_SECONDS);
  const backoff = Math.min(initialSeconds * 2 ** Math.max(failures - 1, 0), MAX_BACKOFF_SECONDS);
  const jittered = backoff * (0.5 + Math.random() / 2);
  return Math.max(jittered, Math.min(error?.retryAfter ?? 0, 10 * MAX_BACKOFF_SECONDS));
}

function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", done);
    if (signal?.aborted) done();
  });
}
