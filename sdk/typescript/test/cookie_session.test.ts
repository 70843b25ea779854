import assert from "node:assert/strict";
import { test } from "node:test";
import { createSession, createTeacherClient, followBatches } from "@huleedu/bff-client";
import type { BffError } from "@huleedu/bff-client";
import type { Responder } from "./server.js";
import { chunks, envelope, event, json, startServer } from "./server.js";

const LOGIN = { email: "anna@skola.example", password: "secret" };
const USER = { user_id: "u-1", email: LOGIN.email, name: "Anna Ek", roles: ["teacher"] };
const CONFIRMATION = { decisions: [] };

function session(csrf: string): unknown {
  const [expires_at, idle_expires_at] = ["2026-02-01T09:00:00.000000Z", "2026-01-31T11:00:00.000000Z"];
  return { user: USER, csrf, expires_at, idle_expires_at };
}

const noSession = json(envelope("AUTHENTICATION_ERROR", { reason: "no_session" }), 401);
const csrfRefused = json(envelope("CSRF", { reason: "token" }), 403);
const signedOut: Responder = (response) => void response.writeHead(204).end();

test("a session is signed in with the cookie of the answer", async (t) => {
  const server = await startServer(t, json(session("c1")));
  const seen: unknown[] = [];
  const { baseUrl } = server;
  const own = createSession({ baseUrl, onChange: (user) => seen.push(user?.user_id) });

  const user = await own.signIn(LOGIN);

  assert.deepEqual(user, USER);
  assert.deepEqual([own.user, own.roles, own.csrf], [USER, ["teacher"], "c1"]);
  assert.equal(own.expiry?.at.toISOString(), "2026-02-01T09:00:00.000Z");
  assert.deepEqual(seen, ["u-1"]);
  const [request] = server.requests;
  assert.deepEqual([request?.method, request?.url], ["POST", "/v1/session"]);
  assert.deepEqual(JSON.parse(request?.body ?? ""), LOGIN);
});

test("a reload finds the session, and one read serves all who wait", async (t) => {
  const server = await startServer(t, json(session("c1")));
  const own = createSession({ baseUrl: server.baseUrl });

  assert.deepEqual(await Promise.all([own.resume(), own.resume()]), [USER, USER]);

  assert.equal(server.requests.length, 1);
});

test("nobody is signed in without a session", async (t) => {
  const server = await startServer(t, noSession);

  assert.equal(await createSession({ baseUrl: server.baseUrl }).resume(), undefined);
});

test("an outage is no sign-out", async (t) => {
  const outage = json(envelope("SERVICE_UNAVAILABLE"), 503);
  const server = await startServer(t, json(session("c1")), outage);
  const own = createSession({ baseUrl: server.baseUrl });
  await own.resume();

  await assert.rejects(own.resume(), (error) => (error as BffError).status === 503);

  assert.deepEqual(own.user, USER);
});

test("a client is given either a token or a session", () => {
  const session = createSession({ baseUrl: "" });

  for (const given of [{}, { session, token: () => "t" }]) {
    assert.throws(
      () => createTeacherClient({ baseUrl: "", ...given }),
      (error) => (error as BffError).is("CLIENT_NO_TOKEN"),
    );
  }
});

test("writes carry the token of the session, reads and requests carry no bearer token", async (t) => {
  const server = await startServer(t, json(session("c1")), json({}));
  const own = createSession({ baseUrl: server.baseUrl });
  await own.resume();
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, session: own });

  await teacher.me();
  await teacher.confirmAssociations("b-1", CONFIRMATION);

  const [, read, write] = server.requests;
  assert.deepEqual([read?.headers["x-csrf"], write?.headers["x-csrf"]], [undefined, "c1"]);
  assert.deepEqual([read?.headers.authorization, write?.headers.authorization], [undefined, undefined]);
});

test("cookies go along with a session, and never with a bearer token", async (t) => {
  const server = await startServer(t, json(session("c1")), json({}));
  const sent: (string | undefined)[] = [];
  const spy: typeof fetch = (request, init) => {
    sent.push(init?.credentials);
    return fetch(request, init);
  };
  const own = createSession({ baseUrl: server.baseUrl, fetch: spy });
  await own.resume();

  await createTeacherClient({ baseUrl: server.baseUrl, session: own, fetch: spy }).me();
  await createTeacherClient({ baseUrl: server.baseUrl, token: () => "t", fetch: spy }).me();

  assert.deepEqual(sent, ["include", "include", "omit"]);
});

test("a write is repeated once when another tab has signed in meanwhile", async (t) => {
  const server = await startServer(t, json(session("c1")), csrfRefused, json(session("c2")), json({}));
  const own = createSession({ baseUrl: server.baseUrl });
  await own.resume();
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, session: own });

  await teacher.confirmAssociations("b-1", CONFIRMATION);

  const [, first, , second] = server.requests;
  assert.deepEqual([first?.headers["x-csrf"], second?.headers["x-csrf"]], ["c1", "c2"]);
  assert.equal(first?.headers["idempotency-key"], second?.headers["idempotency-key"]);
});

test("a write that is refused for another reason is not repeated", async (t) => {
  const server = await startServer(t, json(session("c1")), csrfRefused, json(session("c1")));
  const own = createSession({ baseUrl: server.baseUrl });
  await own.resume();
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, session: own });

  await assert.rejects(
    teacher.confirmAssociations("b-1", CONFIRMATION),
    (error) => (error as BffError).code === "CSRF",
  );
  assert.equal(server.requests.length, 3);
});

test("a refused request finds out that the session has ended", async (t) => {
  const server = await startServer(t, json(session("c1")), noSession);
  const seen: unknown[] = [];
  const { baseUrl } = server;
  const own = createSession({ baseUrl, onChange: (user) => seen.push(user?.user_id) });
  await own.resume();

  const teacher = createTeacherClient({ baseUrl, session: own });
  await assert.rejects(teacher.me(), (error) => (error as BffError).status === 401);

  assert.deepEqual([own.user, seen], [undefined, ["u-1", undefined]]);
});

test("signing out ends the session with its token", async (t) => {
  const server = await startServer(t, json(session("c1")), signedOut);
  const own = createSession({ baseUrl: server.baseUrl });
  await own.resume();

  await own.signOut({ everywhere: true });

  assert.equal(own.user, undefined);
  const request = server.requests[1];
  assert.deepEqual([request?.method, request?.url], ["DELETE", "/v1/session?everywhere=true"]);
  assert.equal(request?.headers["x-csrf"], "c1");
});

test("a sign-out that does not arrive rejects and keeps the session", async (t) => {
  const outage = json(envelope("SERVICE_UNAVAILABLE"), 503);
  const server = await startServer(t, json(session("c1")), outage, json(session("c1")));
  const own = createSession({ baseUrl: server.baseUrl });
  await own.resume();

  await assert.rejects(own.signOut());

  assert.deepEqual(own.user, USER);
});

test("a stream follows with the cookie, and ends when the session does", async (t) => {
  const snapshot = event("snapshot", { version: 1, batches: {} }, "e-1");
  const server = await startServer(
    t,
    json(session("c1")),
    chunks(snapshot),
    noSession,
  );
  const own = createSession({ baseUrl: server.baseUrl });
  await own.resume();
  const states: unknown[] = [];

  await assert.rejects(
    followBatches({
      baseUrl: server.baseUrl,
      session: own,
      initialBackoffSeconds: 0.01,
      onState: (state) => states.push(state.version),
    }),
    (error) => (error as BffError).status === 401,
  );

  assert.deepEqual(states, [1]);
  assert.equal(own.user, undefined);
  assert.equal(server.requests[1]?.headers.authorization, undefined);
  assert.equal(server.requests[2]?.headers["last-event-id"], "e-1");
});
