/** Follows a teacher's live updates and keeps a state equal to a fresh read. */
import { AbortTimeout } from "./abort_timeout.js";
import { BffError, CLIENT_CODES, errorFromException } from "./errors.js";
import { openStream } from "./event_source.js";
import { parseEventStream } from "./event_stream.js";
import type { StreamEvent } from "./event_stream.js";
import { BatchReplica } from "./live_state.js";
import type { LiveBatch, LiveBatchDetail, LiveCallbacks } from "./live_state.js";
import { requireCredentials, withCredentials } from "./request.js";
import type { ClientOptions } from "./request.js";
import { followShared } from "./shared_stream.js";
import { sleep } from "./sleep.js";

/** Statuses that are retried, like every 5xx; 0 is no response, 200 an invalid stream. */
const RETRIED_STATUSES = new Set([0, 200, 408, 425, 429]);
const MAX_BACKOFF_SECONDS = 30;

/** Options of `followBatches` and `followBatch`. */
export interface FollowOptions<B>
  extends Omit<ClientOptions, "timeoutSeconds">,
    LiveCallbacks<B> {
  /** Ends the following. */
  readonly signal?: AbortSignal | undefined;
  /** Connected, at the start and again after `onReconnecting`. A state may follow much later. */
  onConnected?(): void;
  /** Disconnected: `seconds` until the next attempt. No error when the server closed the stream. */
  onReconnecting?(seconds: number, error: BffError | undefined): void;
  /**
   * One stream for all tabs of this browser that follow the same as the same person. Needs Web
   * Locks (a secure page) and BroadcastChannel; without them each tab has a stream of its own.
   */
  readonly shared?: boolean | undefined;
  /** Seconds without a byte after which the connection is dropped. Default 45: three heartbeats. */
  readonly idleTimeoutSeconds?: number | undefined;
  /** Seconds of the first backoff; it doubles up to half a minute. Default 1. */
  readonly initialBackoffSeconds?: number | undefined;
}

/** Follows the newest 50 batches until the signal; rejects on errors that no retry mends (401, 403). */
export function followBatches(options: FollowOptions<LiveBatch>): Promise<void> {
  return follow(options);
}

/** Follows one batch with its essays, without file names and students' names. */
export function followBatch(
  batchId: string,
  options: FollowOptions<LiveBatchDetail>,
): Promise<void> {
  return follow({ ...options, batchId });
}

/** Options with the batch to follow, and what a tab that shares its stream needs of it. */
export interface StreamOptions<B> extends FollowOptions<B> {
  readonly batchId?: string | undefined;
  /** Called for each event, before the callbacks, and for each sign of life without one. */
  onReceived?(event: StreamEvent | undefined): void;
}

async function follow<B>(options: StreamOptions<B>): Promise<void> {
  requireCredentials(options);
  const replica = new BatchReplica<B>();
  return options.shared ? followShared(options, replica, run) : run(options, replica);
}

interface ConnectionEnd {
  readonly retryMs?: number | undefined;
  readonly error?: BffError | undefined;
  /** The token that the server says has expired. */
  readonly expiredToken?: string | undefined;
}

async function run<B>(options: StreamOptions<B>, replica: BatchReplica<B>): Promise<void> {
  let failures = 0;
  let expiredToken: string | undefined;
  while (!options.signal?.aborted) {
    const before = replica.eventCount;
    const end = await runConnection(options, replica, expiredToken);
    if (options.signal?.aborted) return;
    const { retryMs, error } = end;
    // A failed attempt has not shown that the renewed token is good.
    expiredToken = error ? expiredToken : end.expiredToken;
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
  expiredToken: string | undefined,
): Promise<ConnectionEnd> {
  try {
    return await readConnection(options, replica, expiredToken);
  } catch (error) {
    if (!(error instanceof BffError)) throw error;
    const isPassing = RETRIED_STATUSES.has(error.status) || error.status >= 500;
    const retried = isPassing && error.code !== CLIENT_CODES.signedOut;
    if (options.signal?.aborted || retried) return { error };
    throw error;
  }
}

/** Reads one connection to its `end` event. */
async function readConnection<B>(
  options: StreamOptions<B>,
  replica: BatchReplica<B>,
  expiredToken: string | undefined,
): Promise<ConnectionEnd> {
  const idle = errorFromException(new Error("no byte within the idle timeout"));
  const timeout = new AbortTimeout(options.idleTimeoutSeconds ?? 45, idle, options.signal);
  const { signal } = timeout;
  const alive = () => {
    timeout.restart();
    options.onReceived?.(undefined);
  };
  let used: string | undefined;
  const open = (token?: string) => {
    used = token;
    return openStream(options, token, replica.lastEventId, signal);
  };
  try {
    const body = await withCredentials(options, open, expiredToken);
    options.onConnected?.();
    for await (const event of parseEventStream(body, signal, alive)) {
      if (event.name === "end") {
        const expired = event.data.includes('"token_expired"');
        return { retryMs: event.retryMs, expiredToken: expired ? used : undefined };
      }
      options.onReceived?.(event);
      replica.deliver(event, options);
    }
    throw errorFromException(new Error("the stream was cut"));
  } finally {
    timeout.close();
  }
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
