import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { BffError, followBatch, followBatches } from "@huleedu/bff-client";
import type { Activity, Change, FollowOptions, LiveBatch, LiveState } from "@huleedu/bff-client";
import type { Answer } from "./server.js";
import { envelope, event, json, pieces, serving } from "./server.js";

interface Followed {
  readonly states: LiveState<LiveBatch>[];
  readonly changes: Change[];
  readonly activities: Activity[];
  readonly waits: { seconds: number; code: string | undefined }[];
  readonly marks: (string | undefined)[];
}

/** Follows until `enough`, with short waits. */
async function followed(
  t: TestContext,
  answers: Answer[],
  enough: (so: Followed) => boolean,
  options: Partial<FollowOptions<LiveBatch>> = {},
): Promise<Followed> {
  const server = await serving(t, ...answers);
  const so: Followed = { states: [], changes: [], activities: [], waits: [], marks: [] };
  const stop = new AbortController();
  const check = () => enough(so) && stop.abort();
  const tooLong = setTimeout(() => stop.abort("too long"), 10_000);
  await followBatches({
    baseUrl: server.baseUrl,
    token: () => "a-token",
    signal: stop.signal,
    firstWaitSeconds: 0.02,
    onState: (state, change) => void (so.states.push(state), so.changes.push(change), check()),
    onActivity: (activity) => void (so.activities.push(activity), check()),
    onWaiting: (seconds, reason) => void (so.waits.push({ seconds, code: reason?.code }), check()),
    ...options,
  });
  clearTimeout(tooLong);
  assert.notEqual(stop.signal.reason, "too long", "it never came so far");
  for (const one of server.asked) so.marks.push(one.headers["last-event-id"] as string | undefined);
  return so;
}

const batch = (title: string): object => ({ batch_id: "b", title });
const snapshot = (version: number, title = "One"): string =>
  event("snapshot", { version, batches: { b: batch(title) } }, `e-${version}`);
const changed = (version: number, patch: object): string =>
  event("batch_changed", { version, batch_id: "b", patch }, `e-${version}`);
const states = (count: number) => (so: Followed) => so.states.length >= count;
const lastOf = (so: Followed): unknown => JSON.parse(JSON.stringify(so.states.at(-1)));

test("a snapshot and the changes after it make the state, one by one", async (t) => {
  const added = { version: 8, batch_id: "c", batch: { batch_id: "c", title: "Two" } };
  const so = await followed(
    t,
    [
      pieces(
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
    so.changes.map((one) => [one.event, one.batchId]),
    [
      ["snapshot", undefined],
      ["batch_added", "c"],
      ["batch_changed", "b"],
      ["batch_removed", "c"],
    ],
  );
  assert.deepEqual(lastOf(so), {
    version: 10,
    batches: { b: { batch_id: "b", title: "New", current_phase: "x" } },
  });
  assert.equal(so.states[0]?.batches["b"]?.title, "One", "an earlier state stays as it was");
  assert.equal(so.activities[0]?.kind, "phase_concluded");
});

test("bytes may be cut anywhere, also within a letter and a line end", async (t) => {
  const bytes = new TextEncoder().encode(
    `: live\r\n\r\n${snapshot(1, "Åsa")}${changed(2, { title: "Ö" })}`.replaceAll("\n\n", "\r\n\r\n"),
  );
  const single = [...bytes].map((byte) => Uint8Array.of(byte));

  const so = await followed(t, [pieces(...single, null)], states(2));

  assert.deepEqual(
    so.states.map((state) => state.batches["b"]?.title),
    ["Åsa", "Ö"],
  );
});

test("a connection that is lost is resumed after the last event", async (t) => {
  const so = await followed(
    t,
    [pieces(snapshot(1), changed(2, { title: "Two" })), pieces(changed(3, { title: "Three" }), null)],
    states(3),
  );

  assert.deepEqual(so.marks, [undefined, "e-2"]);
  assert.equal(so.states.at(-1)?.version, 3);
  assert.equal(so.waits[0]?.code, "CLIENT_UNREACHABLE");
});

test("a resync drops the copy, and only the snapshot after it is believed", async (t) => {
  const resync = event("resync", { reason: "epoch" });
  const so = await followed(
    t,
    [pieces(snapshot(7), resync), pieces(snapshot(1, "Fresh"), null)],
    states(2),
  );

  assert.deepEqual(so.marks, [undefined, undefined], "nothing to resume without a copy");
  assert.deepEqual(lastOf(so), { version: 1, batches: { b: batch("Fresh") } });
});

test("a version that is left out means a new snapshot, not a guess", async (t) => {
  const so = await followed(
    t,
    [pieces(snapshot(1), changed(3, { title: "Three" }), null), pieces(snapshot(4, "Four"), null)],
    states(2),
  );

  assert.deepEqual(so.marks, [undefined, undefined]);
  assert.deepEqual(
    so.states.map((state) => state.version),
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
  test(`after ${name} a fresh snapshot is asked for`, async (t) => {
    const so = await followed(
      t,
      [pieces(sent, null), pieces(snapshot(9), null)],
      (all) => all.states.at(-1)?.version === 9,
    );

    assert.deepEqual(so.marks, [undefined, undefined]);
    assert.equal(so.waits[0]?.code, "CLIENT_UNEXPECTED_ANSWER");
  });
}

test("garbage again and again is asked for less and less often", async (t) => {
  const so = await followed(
    t,
    [pieces(snapshot(1), event("snapshot", "{"), null)],
    (all) => all.waits.length >= 5,
  );

  assert.ok((so.waits[4]?.seconds ?? 0) > 3 * (so.waits[0]?.seconds ?? 1));
});

test("words that are not known yet are passed over", async (t) => {
  const later = event("class_changed", { version: 2 }, "e-1b") + "novelty: 1\n\n";

  const so = await followed(
    t,
    [pieces(snapshot(1), later, changed(2, { title: "Two" }), null)],
    states(2),
  );

  assert.equal(so.states.at(-1)?.version, 2);
});

test("the server's end is no failure: it says when to come back", async (t) => {
  const ending = `retry: 250\n${event("end", { reason: "shutdown" })}`;

  const so = await followed(
    t,
    [pieces(snapshot(1), ending), pieces(changed(2, {}), null)],
    states(2),
  );

  assert.deepEqual(so.waits, [{ seconds: 0.25, code: undefined }]);
  assert.deepEqual(so.marks, [undefined, "e-1"]);
});

test("an outage is waited out, as long as it says", async (t) => {
  const away = json(envelope("SERVICE_UNAVAILABLE"), 503, { "Retry-After": "1" });

  const so = await followed(t, [away, pieces(snapshot(1), null)], states(1));

  assert.deepEqual(so.waits, [{ seconds: 1, code: "SERVICE_UNAVAILABLE" }]);
});

test("a dead connection is noticed by its silence, heartbeats keep it", async (t) => {
  const beating: Answer = async (response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write(snapshot(1));
    for (let count = 0; count < 10; count += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      response.write(":\n\n");
    }
    response.write(changed(2, { title: "Two" }));
  };

  const so = await followed(t, [beating, pieces(changed(3, {}), null)], states(3), {
    silenceSeconds: 0.3,
  });

  assert.deepEqual(so.marks, [undefined, "e-2"]);
  assert.equal(so.waits.length, 1);
});

test("a server that never answers is left, too", async (t) => {
  const so = await followed(t, [() => undefined, pieces(snapshot(1), null)], states(1), {
    silenceSeconds: 0.1,
  });

  assert.equal(so.waits[0]?.code, "CLIENT_UNREACHABLE");
});

test("every connection asks for the token of that moment", async (t) => {
  const server = await serving(t, pieces(snapshot(1)), json(envelope("AUTHENTICATION_ERROR"), 401));
  let count = 0;
  const following = followBatches({
    baseUrl: server.baseUrl,
    token: () => `t${(count += 1)}`,
    firstWaitSeconds: 0.02,
    onState: () => undefined,
  });

  await assert.rejects(following, (error) => error instanceof BffError && error.status === 401);
  assert.deepEqual(
    server.asked.map((one) => one.headers.authorization),
    ["Bearer t1", "Bearer t2"],
  );
});

for (const status of [400, 401, 403, 404]) {
  test(`a refusal with ${status} ends the following, asked once`, async (t) => {
    const server = await serving(t, json(envelope("AUTHORIZATION_ERROR"), status));
    const following = followBatch("foreign&x=1", {
      baseUrl: server.baseUrl,
      token: () => "t",
      onState: () => undefined,
    });

    await assert.rejects(following, (error) => error instanceof BffError && error.status === status);
    assert.deepEqual(
      server.asked.map((one) => one.url),
      ["/bff/v1/teacher/events?batch_id=foreign%26x%3D1"],
    );
  });
}

test("what the caller's own code throws is the caller's to see", async (t) => {
  const server = await serving(t, pieces(snapshot(1), null));
  const mine = new TypeError("a bug on the page");
  const onState = () => {
    throw mine;
  };

  await assert.rejects(
    followBatches({ baseUrl: server.baseUrl, token: () => "t", onState }),
    (error) => error === mine,
  );
});

test("nothing happens once the signal is aborted, and a wait is cut short", async (t) => {
  const server = await serving(t, json(envelope("TIMEOUT"), 503, { "Retry-After": "100" }));
  const stop = new AbortController();
  const onWaiting = () => setTimeout(() => stop.abort(), 10);
  const options = { baseUrl: server.baseUrl, token: () => "t", onState: () => undefined };

  await followBatches({ ...options, onWaiting, signal: stop.signal });
  await followBatches({ ...options, signal: stop.signal });

  assert.equal(server.asked.length, 1);
});
