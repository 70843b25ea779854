/** Follows the teacher's batches, and reads the page now and then while the stream is away. */
import { BffError, followBatches } from "@huleedu/bff-client";
import type { FollowOptions, LiveBatch } from "@huleedu/bff-client";
import { onScopeDispose } from "vue";
import { setReconnecting } from "@/composables/useConnection";
import { session } from "@/services/session";

const POLL_SECONDS = { active: 5, idle: 30 } as const;
/** A stream that is back within so many milliseconds is no news for the teacher. */
const GRACE_MS = 2000;

/** What to do with states, and how to read while there is no stream. */
export type LiveOptions = Pick<FollowOptions<LiveBatch>, "onState" | "onActivity"> & {
  /** Reads the page again. */
  readonly poll: () => Promise<void>;
  /** Whether something runs, so that reads are worth more. */
  readonly isActive: () => boolean;
};

export function useLiveBatches({ poll, isActive, ...callbacks }: LiveOptions): void {
  const stop = new AbortController();
  const outage = outageOf(poll, isActive);
  const following = followBatches({
    ...session.clientOptions,
    ...callbacks,
    shared: true,
    signal: stop.signal,
    onConnected: outage.end,
    onReconnecting: outage.begin,
  });
  // A stream that is refused for good leaves the page to its reads.
  following.catch((error: unknown) => {
    if (!(error instanceof BffError)) throw error;
    if (!stop.signal.aborted && error.status !== 401) outage.begin();
  });
  onScopeDispose(() => {
    stop.abort();
    outage.end();
  });
}

/** What happens while a stream is away: reads now and then, and a notice when it lasts. */
export function outageOf(poll: () => Promise<void>, isActive: () => boolean) {
  let notice: ReturnType<typeof setTimeout> | undefined;
  let next: ReturnType<typeof setTimeout> | undefined;

  function schedule(): void {
    const seconds = isActive() ? POLL_SECONDS.active : POLL_SECONDS.idle;
    next = setTimeout(async () => {
      await poll();
      if (next !== undefined) schedule();
    }, seconds * 1000);
  }

  function begin(): void {
    if (next !== undefined) return;
    notice = setTimeout(() => setReconnecting(true), GRACE_MS);
    schedule();
  }

  function end(): void {
    clearTimeout(notice);
    clearTimeout(next);
    next = undefined;
    setReconnecting(false);
  }

  return { begin, end };
}
