/** One stream for several tabs: the tab that holds a Web Lock reads it and tells the others. */
import { BffError } from "./errors.js";
import type { StreamEvent } from "./event_stream.js";
import type { BatchReplica } from "./live_state.js";
import type { StreamOptions } from "./live_updates.js";
import type { Credentials } from "./request.js";
import { claimsOf } from "./token.js";

/** Seconds without a sign of life after which a tab takes the lead from a stopped one. */
const DEFAULT_IDLE_SECONDS = 45;

/** Runs a stream of one's own. */
type Run = <B>(options: StreamOptions<B>, replica: BatchReplica<B>) => Promise<void>;

type Message =
  /** A tab that has no state asks for it. */
  | { readonly kind: "hello"; readonly from: string }
  /** An event for all tabs, or the snapshot for one. */
  | { readonly kind: "event"; readonly event: StreamEvent; readonly to?: string | undefined }
  | { readonly kind: "alive" | "connected" }
  | { readonly kind: "reconnecting"; readonly seconds: number; readonly error?: ErrorFields };

type ErrorFields = Pick<BffError, "code" | "message" | "status">;

/** Follows together with the other tabs; alone where the browser lacks what that needs. */
export async function followShared<B>(
  options: StreamOptions<B>,
  replica: BatchReplica<B>,
  run: Run,
): Promise<void> {
  const locks: LockManager | undefined = globalThis.navigator?.locks;
  const name = await sharedName(options);
  const isPossible = locks !== undefined && typeof BroadcastChannel !== "undefined";
  if (!isPossible || name === undefined) return run(options, replica);
  const tab = new SharedTab(options, replica, run, name, locks);
  try {
    await tab.follow();
  } finally {
    tab.close();
  }
}

/** Tabs share when person, gateway and batch are the same; undefined for an unknown person. */
async function sharedName<B>(options: StreamOptions<B>): Promise<string | undefined> {
  try {
    const userId = await userIdOf(options);
    if (userId === undefined) return undefined;
    return JSON.stringify(["huleedu-live", options.baseUrl, userId, options.batchId ?? ""]);
  } catch {
    // A stream of one's own reports the failure, or tries again.
    return undefined;
  }
}

async function userIdOf({ session, token }: Credentials): Promise<string | undefined> {
  if (session) return (session.user ?? (await session.resume()))?.user_id;
  return token && claimsOf(await token())?.user.userId;
}

class SharedTab<B> {
  readonly #options: StreamOptions<B>;
  readonly #replica: BatchReplica<B>;
  readonly #run: Run;
  readonly #name: string;
  readonly #locks: LockManager;
  readonly #channel: BroadcastChannel;
  readonly #id = Math.random().toString(36).slice(2);
  #isLeading = false;
  #idleUntil = 0;
  #failure: { readonly error: unknown } | undefined;
  #waiting = new AbortController();

  constructor(
    options: StreamOptions<B>,
    replica: BatchReplica<B>,
    run: Run,
    name: string,
    locks: LockManager,
  ) {
    this.#options = options;
    this.#replica = replica;
    this.#run = run;
    this.#name = name;
    this.#locks = locks;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => this.#receive(data);
    options.signal?.addEventListener("abort", this.#stopWaiting);
  }

  /** Follows the leading tab, and leads when it is gone. */
  async follow(): Promise<void> {
    let steal = false;
    while (!this.#options.signal?.aborted) {
      this.#waiting = new AbortController();
      this.#touch(0);
      if (!this.#replica.state) this.#post({ kind: "hello", from: this.#id });
      const hasEnded = await this.#waitAndLead(steal);
      if (this.#failure) throw this.#failure.error;
      if (hasEnded) return;
      steal = !steal && Date.now() >= this.#idleUntil;
    }
  }

  close(): void {
    this.#options.signal?.removeEventListener("abort", this.#stopWaiting);
    this.#channel.close();
  }

  /** Resolves to true once this tab has led and stopped; false when it shall wait again. */
  async #waitAndLead(steal: boolean): Promise<boolean> {
    const leadership = new AbortController();
    const end = () => leadership.abort();
    this.#options.signal?.addEventListener("abort", end);
    const idle = setInterval(() => {
      if (!this.#isLeading && Date.now() >= this.#idleUntil) this.#stopWaiting();
    }, 1000);
    const options = steal ? { steal } : { signal: this.#waiting.signal };
    let led: Promise<void> | undefined;
    try {
      await this.#locks.request(this.#name, options, () => {
        led = this.#lead(leadership.signal);
        return led;
      });
      return true;
    } catch (error) {
      // The lock was not granted, or another tab has taken it from this one.
      end();
      await led;
      if (!(error instanceof DOMException && error.name === "AbortError")) throw error;
      return false;
    } finally {
      clearInterval(idle);
      this.#options.signal?.removeEventListener("abort", end);
    }
  }

  async #lead(signal: AbortSignal): Promise<void> {
    if (this.#options.signal?.aborted || this.#failure) return;
    this.#isLeading = true;
    try {
      await this.#run(
        {
          ...this.#options,
          signal,
          onReceived: (event) => this.#post(event ? { kind: "event", event } : { kind: "alive" }),
          onConnected: () => {
            this.#post({ kind: "connected" });
            this.#options.onConnected?.();
          },
          onReconnecting: (seconds, error) => {
            const fields = error && { code: error.code, message: error.message, status: error.status };
            this.#post({ kind: "reconnecting", seconds, ...(fields && { error: fields }) });
            this.#options.onReconnecting?.(seconds, error);
          },
        },
        this.#replica,
      );
    } finally {
      this.#isLeading = false;
    }
  }

  #receive(message: Message): void {
    if (message.kind === "hello") {
      const event = this.#isLeading ? this.#replica.snapshot() : undefined;
      if (event) this.#post({ kind: "event", event, to: message.from });
      return;
    }
    if (this.#isLeading) return;
    this.#touch(message.kind === "reconnecting" ? message.seconds : 0);
    try {
      this.#apply(message);
    } catch (error) {
      // An event that does not fit the state: another snapshot mends it. The rest is the caller's.
      if (error instanceof BffError) this.#post({ kind: "hello", from: this.#id });
      else this.#fail(error);
    }
  }

  #apply(message: Message): void {
    const { onConnected, onReconnecting } = this.#options;
    if (message.kind === "connected") onConnected?.();
    if (message.kind === "event" && (message.to ?? this.#id) === this.#id) {
      this.#replica.deliver(message.event, this.#options);
    }
    if (message.kind === "reconnecting") {
      onReconnecting?.(message.seconds, message.error && new BffError(message.error));
    }
  }

  #touch(extraSeconds: number): void {
    const seconds = (this.#options.idleTimeoutSeconds ?? DEFAULT_IDLE_SECONDS) + extraSeconds;
    this.#idleUntil = Date.now() + seconds * 1000;
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#stopWaiting();
  }

  readonly #stopWaiting = (): void => this.#waiting.abort();

  #post(message: Message): void {
    this.#channel.postMessage(message);
  }
}
