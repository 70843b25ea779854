import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BffError,
  createAdminClient,
  createTeacherClient,
  failingParts,
  incompletePartNames,
  incompleteParts,
  partOf,
} from "@huleedu/bff-client";
import { collectGarbage } from "./garbage.js";
import type { Responder } from "./server.js";
import { envelope, json, startServer } from "./server.js";

const token = () => "a-token";

/** The `BffError` that a call rejects with; anything else fails the test. */
export async function rejectionOf(call: Promise<unknown>): Promise<BffError> {
  const error: unknown = await call.then(
    () => assert.fail("the call did not fail"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof BffError, String(error));
  return error;
}

test("a read sends a fresh token and its query, and no idempotency key", async (t) => {
  const server = await startServer(t, json({ batches: [], parts: [] }));
  let count = 0;
  const numbered = () => Promise.resolve(`t${(count += 1)}`);
  const teacher = createTeacherClient({ baseUrl: `${server.baseUrl}/`, token: numbered });

  await teacher.dashboard({ limit: 5, offset: 10 });
  await teacher.batch("a b/c");

  const [first, second] = server.requests;
  assert.equal(first?.url, "/bff/v1/teacher/dashboard?limit=5&offset=10");
  assert.equal(first?.headers.authorization, "Bearer t1");
  assert.equal(first?.headers["idempotency-key"], undefined);
  assert.equal(second?.url, "/bff/v1/teacher/batches/a%20b%2Fc");
  assert.equal(second?.headers.authorization, "Bearer t2");
});

test("an error envelope becomes an error with all its fields", async (t) => {
  const refused = json(envelope("SERVICE_UNAVAILABLE", { part: "batches" }), 503, {
    "Retry-After": "7",
  });
  const server = await startServer(t, refused);
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, token });

  const error = await rejectionOf(teacher.dashboard());

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

const UNEXPECTED: Record<string, Responder> = {
  "a proxy's error page": (response) => {
    response.writeHead(502, { "Content-Type": "text/html", "X-Correlation-ID": "c-2" });
    response.end("<html>Bad gateway</html>");
  },
  "JSON that is not an envelope": json({ error: "no", detail: [] }, 502, {
    "X-Correlation-ID": "c-2",
  }),
  "JSON that is not an object": json(null, 502, { "X-Correlation-ID": "c-2" }),
};
for (const [name, respond] of Object.entries(UNEXPECTED)) {
  test(`${name} is an unexpected response with its status`, async (t) => {
    const server = await startServer(t, respond);

    const error = await rejectionOf(createTeacherClient({ baseUrl: server.baseUrl, token }).me());

    assert.equal(error.code, "CLIENT_UNEXPECTED_ANSWER");
    assert.deepEqual([error.status, error.correlationId], [502, "c-2"]);
  });
}

test("a 200 that is not JSON is an unexpected response", async (t) => {
  const server = await startServer(t, (response) => void response.end("<html>"));

  const error = await rejectionOf(createTeacherClient({ baseUrl: server.baseUrl, token }).me());

  assert.equal(error.code, "CLIENT_UNEXPECTED_ANSWER");
});

test("a refused connection and a cut response are unreachable", async (t) => {
  const cut: Responder = (response) => {
    response.writeHead(200, { "Content-Length": "100" });
    response.write("{");
    setTimeout(() => response.destroy(), 10);
  };
  const server = await startServer(t, cut);

  const truncated = await rejectionOf(createTeacherClient({ baseUrl: server.baseUrl, token }).me());
  const refused = await rejectionOf(
    createTeacherClient({ baseUrl: "http://127.0.0.1:9", token }).me(),
  );

  assert.deepEqual([truncated.code, truncated.status], ["CLIENT_UNREACHABLE", 0]);
  assert.deepEqual([refused.code, refused.status], ["CLIENT_UNREACHABLE", 0]);
});

test("a response that never completes is a timeout", async (t) => {
  const server = await startServer(t, (response) => {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.write("{");
  });
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, token, timeoutSeconds: 0.1 });

  assert.equal((await rejectionOf(teacher.me())).code, "CLIENT_TIMEOUT");
});

test("a response that never completes ends with the timeout or the caller, whatever is collected", {
  timeout: 20_000,
}, async (t) => {
  collectGarbage(t);
  const server = await startServer(t, (response) => {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.write("{");
  });
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, token, timeoutSeconds: 1 });
  const leaving = new AbortController();
  const reason = new Error("the page was left");

  assert.equal((await rejectionOf(teacher.me())).code, "CLIENT_TIMEOUT");
  setTimeout(() => leaving.abort(reason), 1000);
  const left = teacher.me({ signal: leaving.signal, timeoutSeconds: 60 });
  await assert.rejects(left, reason);
});

test("the caller's own abort rejects with its reason", async (t) => {
  const server = await startServer(t, () => undefined);
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, token });
  const reason = new Error("the page was left");

  await assert.rejects(teacher.me({ signal: AbortSignal.abort(reason) }), reason);
  const leaving = new AbortController();
  setTimeout(() => leaving.abort(reason), 30);
  await assert.rejects(teacher.me({ signal: leaving.signal }), reason);
});

test("a failing token supplier rejects with CLIENT_NO_TOKEN and sends nothing", async (t) => {
  const server = await startServer(t, json({}));
  const broken = () => Promise.reject(new Error("no storage"));

  const error = await rejectionOf(
    createTeacherClient({ baseUrl: server.baseUrl, token: broken }).me(),
  );

  assert.equal(error.code, "CLIENT_NO_TOKEN");
  assert.equal((error.cause as Error).message, "no storage");
  assert.equal(server.requests.length, 0);
});

test("a write has its own key, is not retried, and its error carries the key", async (t) => {
  const server = await startServer(t, json(envelope("TIMEOUT"), 504), json({}), json({}));
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, token });
  const body = { decisions: [{ essay_id: "e", student_id: null }] };

  const error = await rejectionOf(teacher.confirmAssociations("b", body));
  assert.equal(server.requests.length, 1);
  const { idempotencyKey } = error;
  await teacher.confirmAssociations("b", body, { idempotencyKey });
  await teacher.confirmAssociations("b", body);

  const keys = server.requests.map((request) => request.headers["idempotency-key"]);
  assert.match(String(keys[0]), /^[0-9a-f-]{32,36}$/);
  assert.deepEqual([keys[0], keys[1]], [idempotencyKey, idempotencyKey]);
  assert.notEqual(keys[2], keys[0]);
  assert.deepEqual(JSON.parse(server.requests[0]?.body ?? ""), body);
});

test("incomplete parts are named, from the body and from the headers", () => {
  const part = { age_seconds: null, code: null };
  const answer = {
    parts: [
      { ...part, name: "batches", status: "ok" as const },
      { ...part, name: "classes", status: "stale" as const },
      { ...part, name: "class_names", status: "missing" as const, code: "TIMEOUT" },
    ],
  };

  assert.deepEqual(
    incompleteParts(answer).map((part) => part.name),
    ["classes", "class_names"],
  );
  assert.deepEqual(failingParts(answer), [
    { name: "classes", status: "stale", code: null, ageSeconds: null },
    { name: "class_names", status: "missing", code: "TIMEOUT", ageSeconds: null },
  ]);
  const failed = new BffError({ code: "TIMEOUT", message: "Late", details: { part: "batches" } });
  assert.deepEqual(failingParts(failed), [
    { name: "batches", status: "required", code: "TIMEOUT", ageSeconds: null },
  ]);
  assert.deepEqual(failingParts(new BffError({ code: "CLIENT_TIMEOUT", message: "" })), []);
  assert.equal(partOf(answer, "class_names")?.code, "TIMEOUT");
  assert.equal(partOf(answer, "prompt"), undefined);
  const headers = new Headers({ "X-Parts-Incomplete": "classes, class_names" });
  assert.deepEqual(incompletePartNames(headers), ["classes", "class_names"]);
  assert.deepEqual(incompletePartNames(new Headers()), []);
});

test("unchanged settings resolve to the known object", async (t) => {
  const values = { namespace: "uploads", version: 3, values: {} };
  const same: Responder = (response) => void response.writeHead(304, { ETag: '"3"' }).end();
  const server = await startServer(t, json(values, 200, { ETag: '"3"' }), same);
  const admin = createAdminClient({ baseUrl: server.baseUrl, token });

  const read = await admin.settings("uploads");
  const again = await admin.settings("uploads", read);

  assert.equal(read.etag, '"3"');
  assert.equal(again, read);
  assert.equal(server.requests[1]?.headers["if-none-match"], '"3"');
});

test("a save sends the ETag of the read and returns the new one", async (t) => {
  const server = await startServer(t, json({ version: 4, diff: [] }, 200, { ETag: '"4"' }));
  const admin = createAdminClient({ baseUrl: server.baseUrl, token });
  const write = { values: { a: 1 }, reason: "Because" };

  const saved = await admin.saveSettings("uploads", write, { etag: '"3"', dryRun: true });

  const [request] = server.requests;
  assert.deepEqual([request?.method, request?.headers["if-match"]], ["PUT", '"3"']);
  assert.equal(request?.url, "/bff/v1/admin/settings/uploads?dry_run=true");
  assert.equal(saved.etag, '"4"');
});

test("a missing ETag is reported as a CORS problem", async (t) => {
  const server = await startServer(t, json({}));
  const admin = createAdminClient({ baseUrl: server.baseUrl, token });

  assert.match((await rejectionOf(admin.settings("uploads"))).message, /CORS/);
});

test("settings are saved with the tag of the body when a proxy has weakened that of the header", async (t) => {
  const read = { namespace: "uploads", version: 3, values: {}, etag: '"uploads.3"' };
  const server = await startServer(t, json(read, 200, { ETag: 'W/"uploads.3"' }));
  const admin = createAdminClient({ baseUrl: server.baseUrl, token });

  const { etag } = await admin.settings("uploads");
  await admin.saveSettings("uploads", { values: {}, reason: "Scans are large" }, { etag });

  assert.equal(server.requests[1]?.headers["if-match"], '"uploads.3"');
});

test("the timeout of client or call is sent a little shortened, and no default one", async (t) => {
  const server = await startServer(t, json({ parts: [] }));
  const { baseUrl } = server;

  await createTeacherClient({ baseUrl, token }).me();
  const patient = createTeacherClient({ baseUrl, token, timeoutSeconds: 20 });
  await patient.me();
  await patient.dashboard({}, { timeoutSeconds: 2 });

  const sent = server.requests.map((request) => request.headers["x-request-timeout-ms"]);
  assert.deepEqual(sent, [undefined, "19500", "1800"]);
});

test("calls that the services may take long for have as much time, unless told otherwise", async (t) => {
  const server = await startServer(t, json({ parts: [], batch_id: "b", files: [] }));
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, token });
  const batch = { course_code: "SV1", expected_essay_count: 2, instructions: "Skriv." } as const;
  const file = new File(["text"], "a.txt");

  await teacher.createBatch(batch);
  await teacher.previewPipeline("b", "cj_assessment", { timeoutSeconds: undefined });
  await teacher.sendFiles("b", [file], { timeoutSeconds: undefined });
  await teacher.sendFiles("b", [file], { timeoutSeconds: 10 });

  const sent = server.requests.map((request) => request.headers["x-request-timeout-ms"]);
  assert.deepEqual(sent, ["27500", "27500", "129500", "9500"]);
});

test("a call gives up after its own timeout", async (t) => {
  const server = await startServer(t, () => undefined);
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, token, timeoutSeconds: 60 });

  const error = await rejectionOf(teacher.me({ timeoutSeconds: 0.1 }));

  assert.equal(error.code, "CLIENT_TIMEOUT");
});

const page = (offset: number, ...ids: string[]): Responder =>
  json({ batches: ids.map((batch_id) => ({ batch_id })), offset, limit: 2, has_more: offset < 4 });

test("all batches are read page after page, each once although rows move", async (t) => {
  const server = await startServer(t, page(0, "a", "b"), page(2, "b", "c"), page(4, "d"));
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, token });

  const ids: string[] = [];
  for await (const batch of teacher.eachBatch({ limit: 2, status: "ready" })) {
    ids.push(batch.batch_id);
  }

  assert.deepEqual(ids, ["a", "b", "c", "d"]);
  assert.deepEqual(
    server.requests.map((request) => request.url),
    [0, 2, 4].map((at) => `/bff/v1/teacher/dashboard?limit=2&status=ready&offset=${at}`),
  );
});

test("an iteration that stops reads no further page", async (t) => {
  const server = await startServer(t, page(0, "a", "b"));
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, token });

  for await (const batch of teacher.eachBatch()) if (batch.batch_id === "a") break;

  assert.equal(server.requests.length, 1);
});

const users = (next_cursor: string | null, ...ids: string[]): Responder =>
  json({ users: ids.map((user_id) => ({ user_id })), next_cursor });

test("all accounts are read by cursor, with the filter of the first page", async (t) => {
  const server = await startServer(t, users("c1", "a"), users(null, "b"));
  const admin = createAdminClient({ baseUrl: server.baseUrl, token });

  const ids: string[] = [];
  for await (const user of admin.eachPendingUser({ q: "ek" })) ids.push(user.user_id);

  assert.deepEqual(ids, ["a", "b"]);
  assert.equal(server.requests[1]?.url, "/bff/v1/admin/users/pending?q=ek&cursor=c1");
});

test("a page that names itself as the next one ends the iteration with an error", async (t) => {
  const server = await startServer(t, users("c1", "a"));
  const admin = createAdminClient({ baseUrl: server.baseUrl, token });

  const all = (async () => {
    for await (const user of admin.eachUser()) assert.equal(user.user_id, "a");
  })();

  assert.equal((await rejectionOf(all)).code, "CLIENT_UNEXPECTED_ANSWER");
  assert.equal(server.requests.length, 2);
});

test("the versions of a namespace and the audit are iterated, too", async (t) => {
  const version = (number: number, next_before: number | null) =>
    json({ namespace: "n", versions: [{ version: number }], next_before });
  const audit = json({ entries: [{ entry_id: "e" }], next_cursor: null, parts: [] });
  const server = await startServer(t, version(9, 9), version(8, null), audit);
  const admin = createAdminClient({ baseUrl: server.baseUrl, token });

  const found: unknown[] = [];
  for await (const one of admin.eachSettingsVersion("n")) found.push(one.version);
  for await (const entry of admin.eachAuditEntry()) found.push(entry);

  assert.deepEqual(found, [9, 8, { entry_id: "e" }]);
  assert.equal(server.requests[1]?.url, "/bff/v1/admin/settings/n/versions?before=9");
});

test("classes are iterated while there are more", async (t) => {
  const classes = (offset: number, has_more: boolean) =>
    json({ classes: [{ class_id: `c${offset}` }], offset, limit: 1, has_more });
  const server = await startServer(t, classes(0, true), classes(1, false));
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, token });

  const ids: string[] = [];
  for await (const one of teacher.eachClass()) ids.push(one.class_id);

  assert.deepEqual(ids, ["c0", "c1"]);
});

test("the signed-in admin is read", async (t) => {
  const server = await startServer(t, json({ user_id: "a", parts: [] }));

  await createAdminClient({ baseUrl: server.baseUrl, token }).me();

  assert.equal(server.requests[0]?.url, "/bff/v1/admin/me");
});
