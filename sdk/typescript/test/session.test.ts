import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { BffError, createAuthClient, createTeacherClient } from "@huleedu/bff-client";
import { envelope, json, startServer } from "./server.js";

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
    json({ ...TOKENS, expires_in: 0 }),
    json(envelope("TIMEOUT"), 504),
    renewed,
  );
  const session = await createAuthClient({ baseUrl: server.baseUrl }).signIn(LOGIN);

  await assert.rejects(session.token());
  assert.equal(await session.token(), "a2");
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
