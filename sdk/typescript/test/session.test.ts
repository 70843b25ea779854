import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { BffError, createAuthClient, createTeacherClient } from "@huleedu/bff-client";
import type { Responder } from "./server.js";
import { envelope, json, jwt, startServer } from "./server.js";

const TOKENS = { access_token: "a1", refresh_token: "r1", token_type: "Bearer", expires_in: 3600 };
const LOGIN = { email: "anna@skola.example", password: "secret" };

test("a session renews its token before it expires, once for concurrent calls", async (t) => {
  let now = 0;
  mock.method(Date, "now", () => now);
  t.after(() => mock.restoreAll());
  const renewed = { access_token: "a2", token_type: "Bearer", expires_in: 3600 };
  const server = await startServer(t, json(TOKENS), json(renewed));
  const session = await createAuthClient({ baseUrl: server.baseUrl }).signIn(LOGIN);

  now = 3_560_000;
  assert.equal(await session.token(), "a1");
  now = 3_580_000;
  assert.deepEqual(await Promise.all([session.token(), session.token()]), ["a2", "a2"]);

  assert.equal(server.requests.length, 2);
  assert.deepEqual(JSON.parse(server.requests[1]?.body ?? ""), { refresh_token: "r1" });
  assert.equal(server.requests[0]?.headers.authorization, undefined);
});

test("a revoked session rejects the next call with Identity's error", async (t) => {
  const ended = json(envelope("AUTHENTICATION_ERROR"), 401);
  const server = await startServer(t, json({ ...TOKENS, expires_in: 0 }), ended);
  const session = await createAuthClient({ baseUrl: server.baseUrl }).signIn(LOGIN);
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, token: session.token });

  await assert.rejects(
    teacher.me(),
    (error) => error instanceof BffError && error.code === "AUTHENTICATION_ERROR",
  );
});

test("a failed renewal is repeated by the next call", async (t) => {
  const renewed = json({ access_token: "a2", token_type: "Bearer", expires_in: 3600 });
  const server = await startServer(
    t,
    json(TOKENS),
    json(envelope("TIMEOUT"), 504),
    renewed,
  );
  const session = await createAuthClient({ baseUrl: server.baseUrl }).signIn(LOGIN);

  await assert.rejects(session.token("a1"));
  assert.equal(await session.token("a1"), "a2");
});

test("a stored refresh token resumes a session, and signing out revokes it", async (t) => {
  const access = json({ access_token: "a2", token_type: "Bearer", expires_in: 3600 });
  const server = await startServer(t, access, json({ message: "Logout successful" }));

  const session = await createAuthClient({ baseUrl: server.baseUrl }).resume("r1");
  assert.equal(await session.token(), "a2");
  await session.signOut();

  assert.equal(server.requests[1]?.url, "/v1/auth/logout");
  assert.deepEqual(JSON.parse(server.requests[1]?.body ?? ""), { refresh_token: "r1" });
});

test("the token's own exp decides, not expires_in, and a short-lived token is used for half its life", async (t) => {
  let now = 1_000_000_000_000;
  mock.method(Date, "now", () => now);
  t.after(() => mock.restoreAll());
  const [first, second] = [jwt(1_000_000_040), jwt(1_000_003_640)];
  const renewed = { access_token: second, token_type: "Bearer", expires_in: 3600 };
  const server = await startServer(t, json({ ...TOKENS, access_token: first }), json(renewed));
  const session = await createAuthClient({ baseUrl: server.baseUrl }).signIn(LOGIN);

  now += 19_000;
  assert.equal(await session.token(), first);
  now += 2_000;
  assert.equal(await session.token(), second);
});

test("a clock that is far ahead renews nothing until a token is refused", async (t) => {
  const access_token = jwt(1_000);
  const server = await startServer(t, json({ ...TOKENS, access_token }));
  const session = await createAuthClient({ baseUrl: server.baseUrl }).signIn(LOGIN);

  assert.equal(await session.token(), access_token);
  assert.equal(await session.token(), access_token);
  assert.equal(server.requests.length, 1);
});

test("user and roles come from the token", async (t) => {
  const access_token = jwt(4_000_000_000, { sub: "ö-1", roles: ["admin", "teacher"] });
  const server = await startServer(t, json({ ...TOKENS, access_token }), json(TOKENS));
  const auth = createAuthClient({ baseUrl: server.baseUrl });

  const session = await auth.signIn(LOGIN);
  assert.deepEqual(session.user, {
    userId: "ö-1",
    organizationId: "skolan",
    roles: ["admin", "teacher"],
  });
  assert.deepEqual(session.roles, ["admin", "teacher"]);
  const opaque = await auth.signIn(LOGIN);
  assert.deepEqual([opaque.user, opaque.roles], [undefined, []]);
});

const REFUSED = json(envelope("AUTHENTICATION_ERROR"), 401);
const renewal = (access_token: string): Responder =>
  json({ access_token, token_type: "Bearer", expires_in: 3600 });

/** Screens accept the token `good` only; sign-in gives `a1`, and each renewal the next token. */
function gateway(good: string, renewals: Responder[]): Responder {
  const left = [...renewals];
  return (response, request) => {
    if (request.url === "/v1/auth/login") return json(TOKENS)(response, request);
    if (request.url === "/v1/auth/refresh") return left.shift()?.(response, request);
    const isGood = request.headers.authorization === `Bearer ${good}`;
    return (isGood ? json({ parts: [] }) : REFUSED)(response, request);
  };
}

test("a refused token is renewed once for all calls, and each call is repeated", async (t) => {
  const server = await startServer(t, gateway("a2", [renewal("a2")]));
  const session = await createAuthClient({ baseUrl: server.baseUrl }).signIn(LOGIN);
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, token: session.token });

  await Promise.all([teacher.me(), teacher.dashboard(), teacher.classes()]);

  const renewals = server.requests.filter((request) => request.url === "/v1/auth/refresh");
  assert.equal(renewals.length, 1);
  assert.equal(await session.token(), "a2");
});

test("a repeated write has the body and the key of the first attempt", async (t) => {
  const server = await startServer(t, gateway("a2", [renewal("a2")]));
  const session = await createAuthClient({ baseUrl: server.baseUrl }).signIn(LOGIN);
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, token: session.token });

  await teacher.confirmAssociations("b", { decisions: [{ essay_id: "e", student_id: null }] });

  const writes = server.requests.filter((request) => request.url.endsWith("/confirm"));
  assert.equal(writes.length, 2);
  assert.equal(writes[0]?.headers["idempotency-key"], writes[1]?.headers["idempotency-key"]);
  assert.equal(writes[0]?.body, writes[1]?.body);
  assert.match(writes[1]?.body ?? "", /decisions/);
});

test("a token that is refused again after a renewal is an error, not a loop", async (t) => {
  const server = await startServer(t, gateway("never", [renewal("a2")]));
  const session = await createAuthClient({ baseUrl: server.baseUrl }).signIn(LOGIN);
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, token: session.token });

  await assert.rejects(teacher.me(), (error) => error instanceof BffError && error.status === 401);
  assert.equal(server.requests.length, 4);
  assert.equal(session.isSignedOut, false);
});

test("a refused renewal ends the session: onSignedOut once, then no request", async (t) => {
  const denied = json(envelope("IDENTITY_ACCESS_DENIED"), 403);
  const server = await startServer(t, gateway("a2", [denied]));
  const ends: (BffError | undefined)[] = [];
  const onSignedOut = (error: BffError | undefined) => void ends.push(error);
  const session = await createAuthClient({ baseUrl: server.baseUrl, onSignedOut }).signIn(LOGIN);
  const teacher = createTeacherClient({ baseUrl: server.baseUrl, token: session.token });

  await assert.rejects(Promise.all([teacher.me(), teacher.dashboard()]));
  await assert.rejects(teacher.me(), (error) => (error as BffError).is("IDENTITY_ACCESS_DENIED"));

  assert.deepEqual(
    ends.map((error) => error?.code),
    ["IDENTITY_ACCESS_DENIED"],
  );
  assert.equal(session.isSignedOut, true);
  const later = server.requests.length;
  await assert.rejects(teacher.me());
  assert.equal(server.requests.length, later);
});

test("a renewal that fails in an outage leaves the session and its good token", async (t) => {
  let now = 1_000_000_000_000;
  mock.method(Date, "now", () => now);
  t.after(() => mock.restoreAll());
  const first = jwt(1_000_000_100);
  const server = await startServer(
    t,
    json({ ...TOKENS, access_token: first }),
    json(envelope("TIMEOUT"), 504),
    renewal(jwt(1_000_003_700)),
  );
  const session = await createAuthClient({ baseUrl: server.baseUrl }).signIn(LOGIN);

  now += 80_000;
  assert.equal(await session.token(), first);
  now += 1_000;
  assert.equal(await session.token(), first);
  assert.equal(server.requests.length, 2, "the next attempt waits");
  now += 5_000;
  assert.notEqual(await session.token(), first);
  assert.equal(session.isSignedOut, false);
});

test("signing out ends the session here even when Identity is away", async (t) => {
  const server = await startServer(t, json(TOKENS), json(envelope("TIMEOUT"), 504));
  const ends: unknown[] = [];
  const onSignedOut = (error: unknown) => void ends.push(error);
  const session = await createAuthClient({ baseUrl: server.baseUrl, onSignedOut }).signIn(LOGIN);

  await assert.rejects(session.signOut());

  assert.deepEqual(ends, [undefined]);
  await assert.rejects(session.token(), (error) => (error as BffError).is("CLIENT_SIGNED_OUT"));
});

test("a password is changed with the session's token", async (t) => {
  const server = await startServer(t, json(TOKENS), json({ message: "Changed" }));
  const session = await createAuthClient({ baseUrl: server.baseUrl }).signIn(LOGIN);

  await session.changePassword({ current: "old secret", new: "new secret" });

  const [, request] = server.requests;
  assert.equal(request?.url, "/v1/auth/change-password");
  assert.equal(request?.headers.authorization, "Bearer a1");
  assert.deepEqual(JSON.parse(request?.body ?? ""), {
    current_password: "old secret",
    new_password: "new secret",
  });
});
