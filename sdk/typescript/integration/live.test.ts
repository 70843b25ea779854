/** Live updates against a running gateway. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BffError,
  createTeacherClient,
  followBatch,
  followBatchDetail,
  followBatches,
} from "@huleedu/bff-client";
import type { Api, FollowOptions, LiveBatchDetail, LiveState } from "@huleedu/bff-client";
import { BFF_URL, TEACHER_TOKEN } from "./gateway.js";

const token = () => TEACHER_TOKEN;
const teacher = createTeacherClient({ baseUrl: BFF_URL, token });

/** The state of the first snapshot. */
async function firstState<B>(
  follow: (options: FollowOptions<B>) => Promise<void>,
): Promise<LiveState<B>> {
  const stop = new AbortController();
  let first: LiveState<B> | undefined;
  const onState = (state: LiveState<B>) => {
    first ??= state;
    stop.abort();
  };
  const tooLong = setTimeout(() => stop.abort(), 15_000);
  await follow({ baseUrl: BFF_URL, token, onState, signal: stop.signal });
  clearTimeout(tooLong);
  assert.ok(first, "no snapshot arrived");
  return first;
}

async function hasLiveUpdates(): Promise<boolean> {
  const headers = { Authorization: `Bearer ${TEACHER_TOKEN}` };
  const response = await fetch(`${BFF_URL}/bff/v1/teacher/events`, { headers });
  await response.body?.cancel();
  return response.status !== 404;
}

const skip = (await hasLiveUpdates()) ? false : "this gateway has no live updates";

test("the list's snapshot equals the dashboard's newest batches", { skip }, async () => {
  const state = await firstState(followBatches);
  const dashboard = await teacher.dashboard({ limit: 50 });

  const expected = dashboard.batches.map((batch) => batch.batch_id);
  assert.deepEqual(Object.keys(state.batches).sort(), expected.sort());
  for (const batch of dashboard.batches) {
    assert.deepEqual(state.batches[batch.batch_id], withoutNulls(batch));
  }
});

test("a batch's snapshot has its essays by id", { skip }, async () => {
  const [newest] = (await teacher.dashboard({ limit: 1, status: "completed_successfully" }))
    .batches;
  assert.ok(newest);
  const state = await firstState<LiveBatchDetail>((options) =>
    followBatch(newest.batch_id, options),
  );
  const batch = await teacher.batch(newest.batch_id);

  const live = state.batches[newest.batch_id];
  assert.equal(live?.title, batch.title);
  const ids = batch.essays.map((essay) => essay.essay_id);
  assert.deepEqual(Object.keys(live?.essays ?? {}).sort(), ids.sort());
  for (const essay of Object.values(live?.essays ?? {})) {
    assert.equal("filename" in essay, false);
    assert.deepEqual(Object.keys(essay.student ?? {}).sort(), essay.student ? ["status", "student_id"] : []);
  }
});

test("a followed detail is the screen itself, names, nulls and order included", { skip }, async () => {
  const [newest] = (await teacher.dashboard({ limit: 1, status: "completed_successfully" })).batches;
  assert.ok(newest);
  const stop = new AbortController();
  let followed: Api.TeacherBatchDetailV1 | undefined;
  const tooLong = setTimeout(() => stop.abort(), 15_000);
  await followBatchDetail(newest.batch_id, {
    baseUrl: BFF_URL,
    token,
    signal: stop.signal,
    onState: ({ batch, isIncomplete }) => {
      if (isIncomplete) return;
      followed = batch;
      stop.abort();
    },
  });
  clearTimeout(tooLong);

  const screen = await teacher.batch(newest.batch_id);
  assert.ok(followed && screen.essays.some((essay) => essay.student !== null));
  assert.deepEqual({ ...followed, parts: [] }, { ...screen, parts: [] });
});

test("a foreign batch is refused before any event", { skip }, async () => {
  const following = firstState((options) => followBatch("no-such-batch-of-mine", options));

  await assert.rejects(following, (error) => error instanceof BffError && error.status >= 400);
});

/** A value as the stream sends it: no field of an object is null. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(withoutNulls);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const fields = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(fields.map(([name, field]) => [name, withoutNulls(field)]));
}
