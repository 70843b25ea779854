import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BffError,
  createAdminClient,
  createTeacherClient,
  incompleteNames,
  incompleteParts,
  partOf,
} from "@huleedu/bff-client";
import type { Answer } from "./server.js";
import { envelope, json, serving } from "./server.js";

const token = () => "a-token";

/** What a call fails with; anything else than a `BffError` fails the test. */
export async function failureOf(call: Promise<unknown>): Promise<BffError> {
  const error: unknown = await call.then(
    () => assert.fail("the call did not fail"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof BffError, String(error));
  return error;
}

test("a read carries the token of that moment, its query, and no key", async (t) => {
  const server = await serving(t, json({ batches: [], parts: [] }));
  let count = 0;
  const numbered = () => Promise.resolve(`t${(count += 1)}`);
  const teacher = createTeacherClient({ baseUrl: `${server.baseUrl}/`, token: numbered });

  await teacher.dashboard({ limit: 5, offset: 10 });
  await teacher.batch("a b/c");

  const [first, second] = server.asked;
  assert.equal(first?.url, "/bff/v1/teacher/dashboard?limit=5&offset=10");
  assert.equal(first?.headers.authorization, "Bearer t1");
  assert.equal(first?.headers["idempotency-key"], undefined);
  assert.equal(second?.url, "/bff/v1/teacher/batches/a%20b%2Fc");
  assert.equal(second?.headers.authorization, "Bearer t2");
});

test("an envelope becomes an error that holds all of it", async (t) => {
  const refused = json(envelope("SERVICE_UNAVAILABLE", { part: "batches" }), 503, {
    "Retry-After": "7",
  });
  const server = await serving(t, refused);
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, token });

  const error = await failureOf(teacher.dashboard());

  const { code, status, correlationId, service, retryAfter, part, message } = error;
  assert.deepEqual(
    { code, status, correlationId, service, retryAfter, part, message },
    {
      code: "SERVICE_UNAVAILABLE",
      status: 503,
      correlationId: "c-1",
      service: "bff_teacher",
      retryAfter: 7,
      part: "batches",
      message: "It is SERVICE_UNAVAILABLE",
    },
  );
});

const FOREIGN: Record<string, Answer> = {
  "a page of a proxy": (response) => {
    response.writeHead(502, { "Content-Type": "text/html", "X-Correlation-ID": "c-2" });
    response.end("<html>Bad gateway</html>");
  },
  "JSON that is no envelope": json({ error: "no", detail: [] }, 502, { "X-Correlation-ID": "c-2" }),
  "JSON that is no object": json(null, 502, { "X-Correlation-ID": "c-2" }),
};
for (const [name, answer] of Object.entries(FOREIGN)) {
  test(`${name} is an unexpected answer with its status`, async (t) => {
    const server = await serving(t, answer);

    const error = await failureOf(createTeacherClient({ baseUrl: server.baseUrl, token }).me());

    assert.equal(error.code, "CLIENT_UNEXPECTED_ANSWER");
    assert.deepEqual([error.status, error.correlationId], [502, "c-2"]);
  });
}

test("a 200 that is not JSON is an unexpected answer", async (t) => {
  const server = await serving(t, (response) => void response.end("<html>"));

  const error = await failureOf(createTeacherClient({ baseUrl: server.baseUrl, token }).me());

  assert.equal(error.code, "CLIENT_UNEXPECTED_ANSWER");
});

test("nobody there, and an answer that is cut, are unreachable", async (t) => {
  const cut: Answer = (response) => {
    response.writeHead(200, { "Content-Length": "100" });
    response.write("{");
    setTimeout(() => response.destroy(), 10);
  };
  const server = await serving(t, cut);

  const cutOff = await failureOf(createTeacherClient({ baseUrl: server.baseUrl, token }).me());
  const away = await failureOf(createTeacherClient({ baseUrl: "http://127.0.0.1:9", token }).me());

  assert.deepEqual([cutOff.code, cutOff.status], ["CLIENT_UNREACHABLE", 0]);
  assert.deepEqual([away.code, away.status], ["CLIENT_UNREACHABLE", 0]);
});

test("an answer whose end never comes is a timeout", async (t) => {
  const server = await serving(t, (response) => {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.write("{");
  });
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, token, timeoutSeconds: 0.1 });

  assert.equal((await failureOf(teacher.me())).code, "CLIENT_TIMEOUT");
});

test("the caller's own abort comes back as it was given", async (t) => {
  const server = await serving(t, () => undefined);
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, token });
  const reason = new Error("the page was left");

  await assert.rejects(teacher.me({ signal: AbortSignal.abort(reason) }), reason);
  const leaving = new AbortController();
  setTimeout(() => leaving.abort(reason), 30);
  await assert.rejects(teacher.me({ signal: leaving.signal }), reason);
});

test("a failing token supplier is said as such, and nothing is asked", async (t) => {
  const server = await serving(t, json({}));
  const broken = () => Promise.reject(new Error("no storage"));

  const error = await failureOf(
    createTeacherClient({ baseUrl: server.baseUrl, token: broken }).me(),
  );

  assert.equal(error.code, "CLIENT_NO_TOKEN");
  assert.equal((error.cause as Error).message, "no storage");
  assert.equal(server.asked.length, 0);
});

test("a write has a key of its own, is not repeated, and its error tells the key", async (t) => {
  const server = await serving(t, json(envelope("TIMEOUT"), 504), json({}), json({}));
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, token });
  const body = { decisions: [{ essay_id: "e", student_id: null }] };

  const error = await failureOf(teacher.confirmAssociations("b", body));
  assert.equal(server.asked.length, 1);
  const { idempotencyKey } = error;
  await teacher.confirmAssociations("b", body, { idempotencyKey });
  await teacher.confirmAssociations("b", body);

  const keys = server.asked.map((one) => one.headers["idempotency-key"]);
  assert.match(String(keys[0]), /^[0-9a-f-]{32,36}$/);
  assert.deepEqual([keys[0], keys[1]], [idempotencyKey, idempotencyKey]);
  assert.notEqual(keys[2], keys[0]);
  assert.deepEqual(JSON.parse(server.asked[0]?.body ?? ""), body);
});

test("parts that are not ok are named, from the body and from the headers", () => {
  const part = { age_seconds: null, code: null };
  const answer = {
    parts: [
      { ...part, name: "batches", status: "ok" as const },
      { ...part, name: "classes", status: "stale" as const },
      { ...part, name: "class_names", status: "missing" as const, code: "TIMEOUT" },
    ],
  };

  assert.deepEqual(
    incompleteParts(answer).map((one) => one.name),
    ["classes", "class_names"],
  );
  assert.equal(partOf(answer, "class_names")?.code, "TIMEOUT");
  assert.equal(partOf(answer, "prompt"), undefined);
  const headers = new Headers({ "X-Parts-Incomplete": "classes, class_names" });
  assert.deepEqual(incompleteNames(headers), ["classes", "class_names"]);
  assert.deepEqual(incompleteNames(new Headers()), []);
});

test("settings that have not changed are the very object that was known", async (t) => {
  const values = { namespace: "uploads", version: 3, values: {} };
  const same: Answer = (response) => void response.writeHead(304, { ETag: '"3"' }).end();
  const server = await serving(t, json(values, 200, { ETag: '"3"' }), same);
  const admin = createAdminClient({ baseUrl: server.baseUrl, token });

  const read = await admin.settings("uploads");
  const again = await admin.settings("uploads", read);

  assert.equal(read.etag, '"3"');
  assert.equal(again, read);
  assert.equal(server.asked[1]?.headers["if-none-match"], '"3"');
});

test("saving names the tag that was read, and gives the new one", async (t) => {
  const server = await serving(t, json({ version: 4, diff: [] }, 200, { ETag: '"4"' }));
  const admin = createAdminClient({ baseUrl: server.baseUrl, token });
  const write = { values: { a: 1 }, reason: "Because" };

  const saved = await admin.saveSettings("uploads", write, { etag: '"3"', dryRun: true });

  const [asked] = server.asked;
  assert.deepEqual([asked?.method, asked?.headers["if-match"]], ["PUT", '"3"']);
  assert.equal(asked?.url, "/bff/v1/admin/settings/uploads?dry_run=true");
  assert.equal(saved.etag, '"4"');
});

test("a tag that is hidden from the page is said as such", async (t) => {
  const server = await serving(t, json({}));
  const admin = createAdminClient({ baseUrl: server.baseUrl, token });

  assert.match((await failureOf(admin.settings("uploads"))).message, /CORS/);
});
