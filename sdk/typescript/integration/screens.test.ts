/**
 * Screens through a running gateway: BFF_URL, TEACHER_TOKEN and ADMIN_TOKEN.
 * Read-only; settings are written as dry runs.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BffError,
  createAdminClient,
  createTeacherClient,
  incompleteParts,
} from "@huleedu/bff-client";
import { ADMIN_TOKEN, BFF_URL, TEACHER_TOKEN } from "./gateway.js";

const teacher = createTeacherClient({ baseUrl: BFF_URL, token: () => TEACHER_TOKEN });
const admin = createAdminClient({ baseUrl: BFF_URL, token: () => ADMIN_TOKEN });

async function rejectionOf(call: Promise<unknown>): Promise<BffError> {
  const error: unknown = await call.then(
    () => assert.fail("it did not fail"),
    (thrown) => thrown,
  );
  assert.ok(error instanceof BffError, String(error));
  return error;
}

test("a teacher reads from the dashboard to an essay, and no part is missing", async () => {
  const dashboard = await teacher.dashboard({ limit: 50 });
  const graded = dashboard.batches.find((batch) => batch.status === "completed_successfully");
  assert.ok(graded, "the demo has a graded batch");
  const batch = await teacher.batch(graded.batch_id);
  const [first] = batch.essays;
  assert.ok(first);
  const essay = await teacher.essay(batch.batch_id, first.essay_id);

  assert.equal(batch.title, graded.title);
  assert.equal(essay.rank, first.rank);
  assert.ok((essay.corrected_text ?? "").length > 100);
  for (const screen of [dashboard, batch, essay, await teacher.classes(), await teacher.me()]) {
    assert.ok(screen.parts.length > 0);
    // A stale part is refreshed in the background.
    assert.deepEqual(
      incompleteParts(screen).filter((part) => part.status !== "stale"),
      [],
    );
  }
});

test("an invalid query names the field and the correlation id", async () => {
  const error = await rejectionOf(teacher.dashboard({ limit: 1000 }));

  assert.deepEqual([error.code, error.status], ["VALIDATION_ERROR", 400]);
  assert.deepEqual((error.details["errors"] as { pointer: string }[])[0]?.pointer, "/limit");
  assert.match(error.correlationId ?? "", /^[0-9a-f-]{36}$/);
});

test("a forged token gets 401, a teacher on admin screens 403", async () => {
  const forged = createTeacherClient({ baseUrl: BFF_URL, token: () => `${TEACHER_TOKEN}x` });
  const asTeacher = createAdminClient({ baseUrl: BFF_URL, token: () => TEACHER_TOKEN });

  assert.equal((await rejectionOf(forged.me())).status, 401);
  assert.equal((await rejectionOf(asTeacher.overview())).status, 403);
});

test("unchanged settings are revalidated by their ETag", async () => {
  const read = await admin.settings("uploads");
  const schema = await admin.settingsSchema("uploads");

  assert.equal(await admin.settings("uploads", read), read);
  assert.equal(await admin.settingsSchema("uploads", schema), schema);
});

test("a dry run returns the difference, and a stale ETag is refused with the current one", async () => {
  const { value, etag } = await admin.settings("uploads");
  const values = { ...value.values, max_file_mebibytes: 21 };
  const write = { values, reason: "Scans are large" };

  const preview = await admin.saveSettings("uploads", write, { etag, dryRun: true });
  const late = await rejectionOf(
    admin.saveSettings("uploads", write, { etag: '"0123"', dryRun: true }),
  );

  assert.deepEqual(
    preview.value.diff.map((step) => step.path),
    ["/max_file_mebibytes"],
  );
  assert.deepEqual([late.code, late.status], ["PRECONDITION_FAILED", 412]);
  assert.equal(late.details["current_etag"], etag);
  assert.ok(late.idempotencyKey);
});

test("accounts are paged, versions and audit are lists", async () => {
  const first = await admin.users({ limit: 2 });
  assert.ok(first.next_cursor);
  const second = await admin.users({ limit: 2, cursor: first.next_cursor });
  const ids = [...first.users, ...second.users].map((user) => user.user_id);

  assert.equal(new Set(ids).size, 4);
  assert.equal((await admin.user(ids[0] ?? "")).user_id, ids[0]);
  const me = await admin.me();
  assert.deepEqual(me.roles, ["admin", "superadmin"]);
  assert.match(me.email ?? "", /@/);
  const all: string[] = [];
  for await (const user of admin.eachUser({ limit: 2 })) all.push(user.user_id);
  assert.ok(all.length > 4);
  assert.deepEqual(all.slice(0, 4), ids);
  assert.ok(Array.isArray((await admin.settingsVersions("uploads")).versions));
  assert.ok(Array.isArray((await admin.audit({ source: "settings" })).entries));
});
