/** Follows a teacher's live updates by fetch, and keeps a copy that is what a fresh read gives. */
import { tokenOf } from "./asking.js";
import type { ClientOptions } from "./asking.js";
import { BffError, interruption, refusal } from "./errors.js";
import { eventsIn } from "./event_stream.js";
import type { StreamEvent } from "./event_stream.js";
import type { LiveBatch, LiveBatchDetail } from "./live_batches.js";
import { LiveCopy } from "./live_copy.js";
import type { Activity, Change, LiveState } from "./live_copy.js";
import { TimeLimit } from "./time_limit.js";

/** Failures that come and go; every other refusal ends the following. */
const PASSING = new Set([0, 200, 408, 425, 429]);
const LONGEST_WAIT = 30;

export interface FollowOptions<B> extends Omit<ClientOptions, "timeoutSeconds"> {
  readonly signal?: AbortSignal | undefined;
  /** Every state there was, in order. A state is never changed afterwards; equal parts are shared. */
  onState(state: LiveState<B>, change: Change): void;
  onActivity?(activity: Activity): void;
  /** The connection is away, `seconds` until the next attempt; no reason when the server asked. */
  onWaiting?(seconds: number, reason: BffError | undefined): void;
  /** No byte for so long is a dead connection: three of the server's heartbeats. */
  readonly silenceSeconds?: number | undefined;
  /** The first wait after a failure; it doubles up to half a minute. */
  readonly firstWaitSeconds?: number | undefined;
}

/** The newest 50 batches. Runs until the signal; rejects when asking again is no use (401, 403). */
export function followBatches(options: FollowOptions<LiveBatch>): Promise<void> {
  return follow(options);
}

/** One batch's detail with its essays, in the same way. */
export function followBatch(
  batchId: string,
  options: FollowOptions<LiveBatchDetail>,
): Promise<void> {
  return follow({ ...options, batchId });
}

async function follow<B>(options: Following<B>): Promise<void> {
  const copy = new LiveCopy<B>();
  let failures = 0;
  while (!options.signal?.aborted) {
    const heard = copy.heard;
    const { retryMs, problem } = await outcomeOf(options, copy);
    if (options.signal?.aborted) return;
    failures = nextCount(failures, problem, copy.heard > heard);
    const seconds = waitAfter(failures, retryMs, problem, options.firstWaitSeconds ?? 1);
    options.onWaiting?.(seconds, problem);
    await pause(seconds * 1000, options.signal);
  }
}

type Following<B> = FollowOptions<B> & { readonly batchId?: string };

interface Outcome {
  readonly retryMs?: number | undefined;
  readonly problem?: BffError | undefined;
}

/** How a connection came to its end; what cannot be mended, and the caller's own errors, go on. */
async function outcomeOf<B>(o: Following<B>, copy: LiveCopy<B>): Promise<Outcome> {
  try {
    return { retryMs: await connection(o, copy) };
  } catch (error) {
    if (!(error instanceof BffError)) throw error;
    if (o.signal?.aborted || PASSING.has(error.status) || error.status >= 500) {
      return { problem: error };
    }
    throw error;
  }
}

/** One connection, to its `end`: the milliseconds after which the server wants us back. */
async function connection<B>(o: Following<B>, copy: LiveCopy<B>): Promise<number | undefined> {
  const silence = interruption(new Error("the stream fell silent"));
  const line = new TimeLimit(o.silenceSeconds ?? 45, silence, o.signal);
  try {
    const body = await opened(o, copy.mark, line.signal);
    for await (const event of eventsIn(body, line.signal, line.restart)) {
      if (event.name === "end") return event.retryMs;
      tell(o, copy, event);
    }
    throw interruption(new Error("the stream was cut"));
  } finally {
    line.close();
  }
}

async function opened<B>(
  { baseUrl, batchId, token, fetch: ask = fetch }: Following<B>,
  mark: string | undefined,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const headers = new Headers({ Accept: "text/event-stream" });
  headers.set("Authorization", `Bearer ${await tokenOf(token)}`);
  if (mark !== undefined) headers.set("Last-Event-ID", mark);
  const query = batchId === undefined ? "" : `?batch_id=${encodeURIComponent(batchId)}`;
  const url = `${baseUrl.replace(/\/$/, "")}/bff/v1/teacher/events${query}`;
  try {
    const response = await ask(url, { headers, signal, cache: "no-store", redirect: "error" });
    const streams = response.headers.get("Content-Type")?.startsWith("text/event-stream");
    if (response.ok && streams && response.body) return response.body;
    throw refusal(response, await response.text());
  } catch (error) {
    throw interruption(signal.aborted ? signal.reason : error);
  }
}

function tell<B>(options: FollowOptions<B>, copy: LiveCopy<B>, event: StreamEvent): void {
  const told = copy.take(event);
  if (told?.activity) options.onActivity?.(told.activity);
  if (told?.change && copy.state) options.onState(copy.state, told.change);
}

// What is sent wrongly again and again must not be asked for every second.
function nextCount(failures: number, problem: BffError | undefined, heard: boolean): number {
  if (problem === undefined) return 0;
  return heard && problem.status === 0 ? 1 : failures + 1;
}

function waitAfter(
  failures: number,
  retryMs: number | undefined,
  problem: BffError | undefined,
  first: number,
): number {
  if (retryMs !== undefined) return Math.min(Math.max(retryMs / 1000, 0.2), LONGEST_WAIT);
  const backOff = Math.min(first * 2 ** Math.max(failures - 1, 0), LONGEST_WAIT);
  const jittered = backOff * (0.5 + Math.random() / 2);
  return Math.max(jittered, Math.min(problem?.retryAfter ?? 0, 10 * LONGEST_WAIT));
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
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
