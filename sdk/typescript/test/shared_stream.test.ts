import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { followBatches } from "@huleedu/bff-client";
import type { LiveBatch, LiveState } from "@huleedu/bff-client";
import type { Responder, ScriptedServer } from "./server.js";
import { event, jwt, startServer } from "./server.js";

type Grant = () => Promise<void>;
interface Request {
  readonly grant: Grant;
  readonly reject: (error: unknown) => void;
}

/** Exclusive locks in the order of the requests, as `navigator.locks` grants them. */
class FakeLocks {
  readonly #held = new Map<string, Request>();
  readonly #queues = new Map<string, Request[]>();

  request(
    name: string,
    { signal, steal }: { signal?: AbortSignal; steal?: boolean },
    grant: Grant,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const queue = this.#queues.get(name) ?? [];
      this.#queues.set(name, queue);
      const next = () => {
        const [first] = queue;
        if (this.#held.has(name) || !first) return;
        queue.shift();
        this.#held.set(name, first);
        const release = () => {
          if (this.#held.get(name) === first) this.#held.delete(name);
          next();
        };
        void first.grant().then(release, release);
      };
      const request: Request = { grant: () => grant().then(resolve, reject), reject };
      if (steal) {
        this.#held.get(name)?.reject(new DOMException("stolen", "AbortError"));
        this.#held.delete(name);
        queue.unshift(request);
      } else queue.push(request);
      signal?.addEventListener("abort", () => {
        const place = queue.indexOf(request);
        if (place >= 0) queue.splice(place, 1);
        if (place >= 0) reject(new DOMException("aborted", "AbortError"));
      });
      next();
    });
  }
}

function withLocks(t: TestContext): void {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  const value = { locks: new FakeLocks() };
  Object.defineProperty(globalThis, "navigator", { value, configurable: true });
  t.after(() => {
    if (before) Object.defineProperty(globalThis, "navigator", before);
    else Reflect.deleteProperty(globalThis, "navigator");
  });
}

/** One tab that follows; `until` resolves once a state satisfies the claim. */
class Tab {
  readonly states: LiveState<LiveBatch>[] = [];
  readonly ended: Promise<void>;
  readonly #stop = new AbortController();
  #check: () => void = () => undefined;

  constructor(server: ScriptedServer, user: string, options: { idleTimeoutSeconds?: number } = {}) {
    this.ended = followBatches({
      baseUrl: server.baseUrl,
      token: () => jwt(4_000_000_000, { sub: user }),
      shared: true,
      initialBackoffSeconds: 0.02,
      signal: this.#stop.signal,
      onState: (state) => {
        this.states.push(state);
        this.#check();
      },
      ...options,
    });
  }

  until(claim: (state: LiveState<LiveBatch>) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error("the expected state never came")), 10_000);
      this.#check = () => {
        if (!this.states.some(claim)) return;
        clearTimeout(late);
        resolve();
      };
      this.#check();
    });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }
}

const title = (expected: string) => (state: LiveState<LiveBatch>) =>
  state.batches["b"]?.title === expected;

/** A stream whose later events the test sends; it answers each connection with a snapshot. */
function stream(): { respond: Responder; send: (text: string) => void } {
  let write: (text: string) => void = () => undefined;
  return {
    send: (text) => write(text),
    respond: (response, request) => {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      const last = request.headers["last-event-id"];
      const first = { version: 1, batches: { b: { batch_id: "b", title: "One" } } };
      response.write(last === undefined ? event("snapshot", first, "e-1") : ":\n\n");
      write = (text) => void response.write(text);
    },
  };
}

const changed = (version: number, to: string): string =>
  event("batch_changed", { version, batch_id: "b", patch: { title: to } }, `e-${version}`);

test("two tabs of a person share one stream, and both get every state", async (t) => {
  withLocks(t);
  const { respond, send } = stream();
  const server = await startServer(t, respond);
  const [first, second] = [new Tab(server, "anna"), new Tab(server, "anna")];

  await Promise.all([first.until(title("One")), second.until(title("One"))]);
  send(changed(2, "Two"));
  await Promise.all([first.until(title("Two")), second.until(title("Two"))]);

  assert.equal(server.requests.length, 1);
  await Promise.all([first.close(), second.close()]);
});

test("a tab that opens later gets the state of the leading tab", async (t) => {
  withLocks(t);
  const { respond, send } = stream();
  const server = await startServer(t, respond);
  const first = new Tab(server, "anna");
  await first.until(title("One"));
  send(changed(2, "Two"));
  await first.until(title("Two"));

  const second = new Tab(server, "anna");
  await second.until(title("Two"));

  assert.equal(server.requests.length, 1);
  assert.equal(first.states.length, 2, "the other tab's snapshot is not for this one");
  await Promise.all([first.close(), second.close()]);
});

test("when the leading tab closes, another goes on after the last event", async (t) => {
  withLocks(t);
  const { respond, send } = stream();
  const server = await startServer(t, respond);
  const [first, second] = [new Tab(server, "anna"), new Tab(server, "anna")];
  await second.until(title("One"));
  send(changed(2, "Two"));
  await second.until(title("Two"));

  await first.close();
  while (server.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  send(changed(3, "Three"));
  await second.until(title("Three"));

  assert.equal(server.requests[1]?.headers["last-event-id"], "e-2");
  await second.close();
});

test("a tab takes the lead from one that gives no sign of life", async (t) => {
  withLocks(t);
  const { respond } = stream();
  const server = await startServer(t, respond);
  // Its page is frozen: it holds the lock and reads nothing.
  const frozen = new Tab(server, "anna", { idleTimeoutSeconds: 1_000 });
  await frozen.until(title("One"));

  const second = new Tab(server, "anna", { idleTimeoutSeconds: 0.5 });
  await second.until(title("One"));
  while (server.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));

  await Promise.all([frozen.close(), second.close()]);
});

test("people do not share, nor do tabs without Web Locks", async (t) => {
  const { respond } = stream();
  const server = await startServer(t, respond);
  const alone = [new Tab(server, "anna"), new Tab(server, "anna")];
  await Promise.all(alone.map((tab) => tab.until(title("One"))));
  assert.equal(server.requests.length, 2);

  withLocks(t);
  const others = [new Tab(server, "anna"), new Tab(server, "erik")];
  await Promise.all(others.map((tab) => tab.until(title("One"))));
  assert.equal(server.requests.length, 4);
  await Promise.all([...alone, ...others].map((tab) => tab.close()));
});
