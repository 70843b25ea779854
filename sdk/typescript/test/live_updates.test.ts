import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { BffError, followBatch, followBatches } from "@huleedu/bff-client";
import type { Activity, Change, FollowOptions, LiveBatch, LiveState } from "@huleedu/bff-client";
import { collectGarbage } from "./garbage.js";
import type { Responder } from "./server.js";
import { envelope, event, json, chunks, startServer } from "./server.js";

interface Recorded {
  readonly states: LiveState<LiveBatch>[];
  readonly changes: Change[];
  readonly activities: Activity[];
  readonly reconnects: { seconds: number; code: string | undefined }[];
  readonly lastEventIds: (string | undefined)[];
}

/** Follows until `enough` returns true, with short backoffs, and records every callback. */
async function record(
  t: TestContext,
  responders: Responder[],
  enough: (recorded: Recorded) => boolean,
  options: Partial<FollowOptions<LiveBatch>> = {},
): Promise<Recorded> {
  const server = await startServer(t, ...responders);
  const recorded: Recorded = {
    states: [],
    changes: [],
    activities: [],
    reconnects: [],
    lastEventIds: [],
  };
  const stop = new AbortController();
  const check = () => enough(recorded) && stop.abort();
  const tooLong = setTimeout(() => stop.abort("too long"), 10_000);
  await followBatches({
    baseUrl: server.baseUrl,
    token: () => "a-token",
    signal: stop.signal,
    initialBackoffSeconds: 0.02,
    onState: (state, change) =>
      void (recorded.states.push(state), recorded.changes.push(change), check()),
    onActivity: (activity) => void (recorded.activities.push(activity), check()),
    onReconnecting: (seconds, reason) =>
      void (recorded.reconnects.push({ seconds, code: reason?.code }), check()),
    ...options,
  });
  clearTimeout(tooLong);
  assert.notEqual(stop.signal.reason, "too long", "the expected state never came");
  for (const request of server.requests)
    recorded.lastEventIds.push(request.headers["last-event-id"] as string | undefined);
  return recorded;
}

const batch = (title: string): object => ({ batch_id: "b", title });
const snapshot = (version: number, title = "One"): string =>
  event("snapshot", { version, batches: { b: batch(title) } }, `e-${version}`);
const changed = (version: number, patch: object): string =>
  event("batch_changed", { version, batch_id: "b", patch }, `e-${version}`);
const states = (count: number) => (recorded: Recorded) => recorded.states.length >= count;
const lastOf = (recorded: Recorded): unknown => JSON.parse(JSON.stringify(recorded.states.at(-1)));

test("a snapshot and each later change produce a state", async (t) => {
  const added = { version: 8, batch_id: "c", batch: { batch_id: "c", title: "Two" } };
  const recorded = await record(
    t,
    [
      chunks(
        snapshot(7),
        event("batch_added", added, "e-8"),
        event("activity", { at: "2026-01-31T12:00:00Z", kind: "phase_concluded" }, "e-9"),
        changed(9, { title: "New", class_id: null, current_phase: "x" }),
        event("batch_removed", { version: 10, batch_id: "c" }, "e-11"),
        null,
      ),
    ],
    states(4),
  );

  assert.deepEqual(
    recorded.changes.map((change) => [change.event, change.batchId]),
    [
      ["snapshot", undefined],
      ["batch_added", "c"],
      ["batch_changed", "b"],
      ["batch_removed", "c"],
    ],
  );
  assert.deepEqual(lastOf(recorded), {
    version: 10,
    batches: { b: { batch_id: "b", title: "New", current_phase: "x" } },
  });
  assert.equal(recorded.states[0]?.batches["b"]?.title, "One", "an earlier state is not modified");
  assert.equal(recorded.activities[0]?.kind, "phase_concluded");
});

test("chunks may split characters and line ends", async (t) => {
  const bytes = new TextEncoder().encode(
    `: live\r\n\r\n${snapshot(1, "Åsa")}${changed(2, { title: "Ö" })}`.replaceAll(
      "\n\n",
      "\r\n\r\n",
    ),
  );
  const single = [...bytes].map((byte) => Uint8Array.of(byte));

  const recorded = await record(t, [chunks(...single, null)], states(2));

  assert.deepEqual(
    recorded.states.map((state) => state.batches["b"]?.title),
    ["Åsa", "Ö"],
  );
});

test("a lost connection resumes after the last event", async (t) => {
  const recorded = await record(
    t,
    [
      chunks(snapshot(1), changed(2, { title: "Two" })),
      chunks(changed(3, { title: "Three" }), null),
    ],
    states(3),
  );

  assert.deepEqual(recorded.lastEventIds, [undefined, "e-2"]);
  assert.equal(recorded.states.at(-1)?.version, 3);
  assert.equal(recorded.reconnects[0]?.code, "CLIENT_UNREACHABLE");
});

test("a resync drops the state, and the next snapshot replaces it", async (t) => {
  const resync = event("resync", { reason: "epoch" });
  const recorded = await record(
    t,
    [chunks(snapshot(7), resync), chunks(snapshot(1, "Fresh"), null)],
    states(2),
  );

  assert.deepEqual(
    recorded.lastEventIds,
    [undefined, undefined],
    "nothing to resume without a state",
  );
  assert.deepEqual(lastOf(recorded), { version: 1, batches: { b: batch("Fresh") } });
});

test("a missing version leads to a new snapshot", async (t) => {
  const recorded = await record(
    t,
    [chunks(snapshot(1), changed(3, { title: "Three" }), null), chunks(snapshot(4, "Four"), null)],
    states(2),
  );

  assert.deepEqual(recorded.lastEventIds, [undefined, undefined]);
  assert.deepEqual(
    recorded.states.map((state) => state.version),
    [1, 4],
  );
});

const GARBAGE: Record<string, string> = {
  "no JSON": event("snapshot", "{oops"),
  "no object": event("batch_changed", [1]),
  "a snapshot without batches": event("snapshot", { version: 1 }),
  "a change before any snapshot": changed(1, {}),
  "a change of an unknown batch": snapshot(1) + changed(2, {}).replace('"b"', '"z"'),
  "an addition without content": snapshot(1) + event("batch_added", { version: 2, batch_id: "x" }),
  "a line that is too long": `data: ${"x".repeat(5 * 1024 * 1024)}`,
};
for (const [name, sent] of Object.entries(GARBAGE)) {
  test(`after ${name} a new snapshot is requested`, async (t) => {
    const recorded = await record(
      t,
      [chunks(sent, null), chunks(snapshot(9), null)],
      (all) => all.states.at(-1)?.version === 9,
    );

    assert.deepEqual(recorded.lastEventIds, [undefined, undefined]);
    assert.equal(recorded.reconnects[0]?.code, "CLIENT_UNEXPECTED_ANSWER");
  });
}

test("repeated invalid streams back off exponentially", async (t) => {
  const recorded = await record(
    t,
    [chunks(snapshot(1), event("snapshot", "{"), null)],
    (all) => all.reconnects.length >= 5,
  );

  assert.ok((recorded.reconnects[4]?.seconds ?? 0) > 3 * (recorded.reconnects[0]?.seconds ?? 1));
});

test("unknown events and fields are ignored", async (t) => {
  const later = event("class_changed", { version: 2 }, "e-1b") + "novelty: 1\n\n";

  const recorded = await record(
    t,
    [chunks(snapshot(1), later, changed(2, { title: "Two" }), null)],
    states(2),
  );

  assert.equal(recorded.states.at(-1)?.version, 2);
});

test("an end event is not a failure; its retry sets the delay", async (t) => {
  const ending = `retry: 250\n${event("end", { reason: "shutdown" })}`;

  const recorded = await record(
    t,
    [chunks(snapshot(1), ending), chunks(changed(2, {}), null)],
    states(2),
  );

  assert.deepEqual(recorded.reconnects, [{ seconds: 0.25, code: undefined }]);
  assert.deepEqual(recorded.lastEventIds, [undefined, "e-1"]);
});

test("an open stream ends with the signal and when it is idle, whatever is collected", {
  timeout: 20_000,
}, async (t) => {
  collectGarbage(t);
  const server = await startServer(t, chunks(snapshot(1), null));
  const stop = new AbortController();

  await followBatches({
    baseUrl: server.baseUrl,
    token: () => "a-token",
    signal: stop.signal,
    idleTimeoutSeconds: 1,
    initialBackoffSeconds: 0.02,
    onState: () => undefined,
    onReconnecting: () => void setTimeout(() => stop.abort(), 500),
  });

  assert.ok(server.requests.length > 1, "the idle connection was not dropped");
});

test("each connection is told, also one that brings no state", async (t) => {
  const ending = `retry: 200\n${event("end", { reason: "shutdown" })}`;
  const server = await startServer(t, chunks(snapshot(1), ending), chunks(":\n\n", null));
  const calls: string[] = [];
  const stop = new AbortController();

  await followBatches({
    baseUrl: server.baseUrl,
    token: () => "t",
    signal: stop.signal,
    onState: () => undefined,
    onConnected: () => void (calls.push("connected"), calls.length === 3 && stop.abort()),
    onReconnecting: () => void calls.push("reconnecting"),
  });

  assert.deepEqual(calls, ["connected", "reconnecting", "connected"]);
});

test("an outage is retried after its Retry-After", async (t) => {
  const away = json(envelope("SERVICE_UNAVAILABLE"), 503, { "Retry-After": "1" });

  const recorded = await record(t, [away, chunks(snapshot(1), null)], states(1));

  assert.deepEqual(recorded.reconnects, [{ seconds: 1, code: "SERVICE_UNAVAILABLE" }]);
});

test("an idle connection is dropped, heartbeats keep it open", async (t) => {
  const beating: Responder = async (response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write(snapshot(1));
    for (let count = 0; count < 10; count += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      response.write(":\n\n");
    }
    response.write(changed(2, { title: "Two" }));
  };

  const recorded = await record(t, [beating, chunks(changed(3, {}), null)], states(3), {
    idleTimeoutSeconds: 0.3,
  });

  assert.deepEqual(recorded.lastEventIds, [undefined, "e-2"]);
  assert.equal(recorded.reconnects.length, 1);
});

test("a server that never responds is dropped after the idle timeout", async (t) => {
  const recorded = await record(t, [() => undefined, chunks(snapshot(1), null)], states(1), {
    idleTimeoutSeconds: 0.1,
  });

  assert.equal(recorded.reconnects[0]?.code, "CLIENT_UNREACHABLE");
});

test("every connection calls the token supplier", async (t) => {
  const server = await startServer(
    t,
    chunks(snapshot(1)),
    json(envelope("AUTHENTICATION_ERROR"), 401),
  );
  let count = 0;
  const following = followBatches({
    baseUrl: server.baseUrl,
    token: (rejected) => rejected ?? `t${(count += 1)}`,
    initialBackoffSeconds: 0.02,
    onState: () => undefined,
  });

  await assert.rejects(following, (error) => error instanceof BffError && error.status === 401);
  assert.deepEqual(
    server.requests.map((request) => request.headers.authorization),
    ["Bearer t1", "Bearer t2"],
  );
});

test("an expired or refused token is replaced at once, and the stream goes on", async (t) => {
  const ending = `retry: 200\n${event("end", { reason: "token_expired" })}`;
  const server = await startServer(
    t,
    chunks(snapshot(1), ending),
    json(envelope("AUTHENTICATION_ERROR"), 401),
    chunks(changed(2, {}), null),
  );
  const stop = new AbortController();
  const rejections: (string | undefined)[] = [];
  let current = 1;
  await followBatches({
    baseUrl: server.baseUrl,
    token: (rejected) => {
      rejections.push(rejected);
      if (rejected === `t${current}`) current += 1;
      return `t${current}`;
    },
    signal: stop.signal,
    onState: (state) => state.version === 2 && stop.abort(),
  });

  assert.deepEqual(rejections, [undefined, "t1", "t2"]);
  assert.deepEqual(
    server.requests.map((request) => request.headers.authorization),
    ["Bearer t1", "Bearer t2", "Bearer t3"],
  );
  assert.equal(server.requests[2]?.headers["last-event-id"], "e-1");
});

for (const status of [400, 401, 403, 404]) {
  test(`a ${status} rejects after one request`, async (t) => {
    const server = await startServer(t, json(envelope("AUTHORIZATION_ERROR"), status));
    const following = followBatch("foreign&x=1", {
      baseUrl: server.baseUrl,
      token: () => "t",
      onState: () => undefined,
    });

    await assert.rejects(
      following,
      (error) => error instanceof BffError && error.status === status,
    );
    assert.deepEqual(
      server.requests.map((request) => request.url),
      ["/bff/v1/teacher/events?batch_id=foreign%26x%3D1"],
    );
  });
}

test("an error thrown by a callback rejects unchanged", async (t) => {
  const server = await startServer(t, chunks(snapshot(1), null));
  const mine = new TypeError("a bug on the page");
  const onState = () => {
    throw mine;
  };

  await assert.rejects(
    followBatches({ baseUrl: server.baseUrl, token: () => "t", onState }),
    (error) => error === mine,
  );
});

test("an aborted signal ends the backoff and sends no further request", async (t) => {
  const server = await startServer(t, json(envelope("TIMEOUT"), 503, { "Retry-After": "100" }));
  const stop = new AbortController();
  const onReconnecting = () => setTimeout(() => stop.abort(), 10);
  const options = { baseUrl: server.baseUrl, token: () => "t", onState: () => undefined };

  await followBatches({ ...options, onReconnecting, signal: stop.signal });
  await followBatches({ ...options, signal: stop.signal });

  assert.equal(server.requests.length, 1);
});
