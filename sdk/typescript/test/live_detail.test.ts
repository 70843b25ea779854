import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { BffError, followBatchDetail } from "@huleedu/bff-client";
import type { Api, BatchDetailState, FollowDetailOptions } from "@huleedu/bff-client";
import type { RecordedRequest, Responder } from "./server.js";
import { chunks, envelope, event, json, startServer } from "./server.js";

const BATCH = { batch_id: "b", title: "One", overall_status: "ready", failures: [], skipped: 0 };
const MAJA = { student_id: "s1", first_name: "Maja", last_name: "Ek", status: "suggested" };
const PARTS = [{ name: "batch", status: "ok", age_seconds: 0, code: null }];

/** The screen with the essays of these ids; essay `e1` belongs to Maja. */
function screen(...ids: string[]): Responder {
  const essays = ids.map((essay_id) => ({
    essay_id,
    filename: `${essay_id}.docx`,
    student: essay_id === "e1" ? MAJA : null,
  }));
  return json({ ...BATCH, essays, parts: PARTS });
}

const live = (essay_id: string, more: object = {}) => ({ essay_id, failures: [], ...more });
const OF_MAJA = { student: { student_id: "s1", status: "suggested" } };
const snapshot = (...essays: { essay_id: string }[]): string => {
  const byId = Object.fromEntries(essays.map((essay) => [essay.essay_id, essay]));
  return event("snapshot", { version: 1, batches: { b: { ...BATCH, essays: byId } } }, "e-1");
};
const changed = (version: number, patch: object): string =>
  event("batch_changed", { version, batch_id: "b", patch }, `e-${version}`);

/** A stream that sends the second event once it is released. */
function inTwoSteps(first: string, second: string): { stream: Responder; release: () => void } {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const stream: Responder = async (response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write(first);
    await released;
    response.write(second);
  };
  return { stream, release };
}

interface Followed {
  readonly states: BatchDetailState[];
  readonly reads: RecordedRequest[];
}

/** Follows `stream` until `enough` holds; reads get the responders of `screens` in order. */
async function follow(
  t: TestContext,
  stream: Responder,
  screens: Responder[],
  enough: (followed: Followed) => boolean,
  options: Partial<FollowDetailOptions> = {},
): Promise<Followed> {
  const followed: Followed = { states: [], reads: [] };
  const server = await startServer(t, (response, request) => {
    if (request.url.includes("/events")) return stream(response, request);
    followed.reads.push(request);
    const respond = screens[Math.min(followed.reads.length, screens.length) - 1];
    return respond?.(response, request);
  });
  const stop = new AbortController();
  const tooLong = setTimeout(() => stop.abort("too long"), 10_000);
  t.after(() => clearTimeout(tooLong));
  await followBatchDetail("b", {
    baseUrl: server.baseUrl,
    token: () => "a-token",
    signal: stop.signal,
    onState: (state) => {
      followed.states.push(state);
      if (enough(followed)) stop.abort();
    },
    ...options,
  });
  assert.notEqual(stop.signal.reason, "too long", "the expected state never came");
  return followed;
}

const last = ({ states }: Followed): Api.TeacherBatchDetailV1 | undefined => states.at(-1)?.batch;

test("the stream is joined with file names, students and parts of the screen", async (t) => {
  const stream = chunks(snapshot(live("e2"), live("e1", { ...OF_MAJA, rank: 1 })), null);

  const followed = await follow(t, stream, [screen("e1", "e2")], ({ states }) => states.length > 0);

  const batch = last(followed);
  assert.deepEqual(
    batch?.essays.map((essay) => [essay.essay_id, essay.filename, essay.student?.first_name]),
    [
      ["e1", "e1.docx", "Maja"],
      ["e2", "e2.docx", undefined],
    ],
  );
  assert.deepEqual(batch?.parts, PARTS);
  assert.equal(followed.reads.length, 1);
});

test("a batch without essays is shown, too", async (t) => {
  const followed = await follow(
    t,
    chunks(snapshot(), null),
    [screen()],
    ({ states }) => states.length > 0,
  );

  assert.deepEqual([last(followed)?.title, last(followed)?.essays], ["One", []]);
  assert.equal(followed.states[0]?.isIncomplete, false);
});

test("fields that the stream leaves out are null again", async (t) => {
  const locked = { locked: true, verified: true };
  const first = snapshot(live("e1")).replace('"title"', `"file_state":${JSON.stringify(locked)},"title"`);

  const followed = await follow(t, chunks(first, null), [screen("e1")], ({ states }) => states.length > 0);

  const batch = last(followed);
  assert.deepEqual([batch?.class_name, batch?.completed_at], [null, null]);
  assert.deepEqual(batch?.file_state, { ...locked, locked_at: null, running_phase: null });
  assert.deepEqual([batch?.essays[0]?.rank, batch?.essays[0]?.student], [null, null]);
});

test("a change is shown at once, and unchanged essays stay the same objects", async (t) => {
  const { stream, release } = inTwoSteps(
    snapshot(live("e1", OF_MAJA), live("e2")),
    changed(2, { title: "Two", essays: { e2: { rank: 1 } } }),
  );

  const followed = await follow(t, stream, [screen("e1", "e2")], (all) => {
    release();
    return last(all)?.title === "Two";
  });

  assert.deepEqual(
    last(followed)?.essays.map((essay) => essay.essay_id),
    ["e2", "e1"],
  );
  assert.equal(followed.reads.length, 1);
  const [before, after] = followed.states.map(({ batch }) =>
    batch.essays.find((essay) => essay.essay_id === "e1"),
  );
  assert.equal(before?.student?.first_name, "Maja");
  assert.equal(before, after);
});

test("an unknown essay and an unknown student make the screen be read again", async (t) => {
  const { stream, release } = inTwoSteps(
    snapshot(live("e2")),
    changed(2, { essays: { e1: live("e1", OF_MAJA) } }),
  );

  const followed = await follow(t, stream, [screen("e2"), screen("e1", "e2")], (all) => {
    release();
    return last(all)?.essays[0]?.student?.first_name === "Maja";
  });

  assert.equal(followed.reads.length, 2);
  assert.ok(followed.states.some((state) => state.isIncomplete && state.batch.essays.length === 2));
  assert.equal(followed.states.at(-1)?.isIncomplete, false);
});

test("a read that fails in an outage is repeated, and told", async (t) => {
  const failures: string[] = [];
  const away = json(envelope("TIMEOUT"), 504);

  const followed = await follow(
    t,
    chunks(snapshot(live("e1")), null),
    [away, screen("e1")],
    ({ states }) => states.length > 0,
    { onReadFailed: (error) => void failures.push(error.code) },
  );

  assert.deepEqual(failures, ["TIMEOUT"]);
  assert.equal(followed.reads.length, 2);
});

test("a refused read rejects", async (t) => {
  const gone = json(envelope("AUTHORIZATION_ERROR"), 403);
  const following = follow(t, chunks(snapshot(live("e1")), null), [gone], () => false);

  await assert.rejects(following, (error) => error instanceof BffError && error.status === 403);
});

test("an error thrown by the callback rejects unchanged", async (t) => {
  const mine = new TypeError("a bug on the page");
  const onState = () => {
    throw mine;
  };

  const following = follow(t, chunks(snapshot(live("e1")), null), [screen("e1")], () => false, {
    onState,
  });

  await assert.rejects(following, (error) => error === mine);
});
