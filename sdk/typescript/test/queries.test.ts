import assert from "node:assert/strict";
import { test } from "node:test";
import { QueryClient } from "@tanstack/query-core";
import { BffError, createAdminClient, createTeacherClient } from "@huleedu/bff-client";
import { adminQueries, isPassing, teacherQueries } from "@huleedu/bff-client/queries";
import { envelope, json, startServer } from "./server.js";

const token = () => "a-token";

test("a query reads its screen once, and again after a passing failure", async (t) => {
  const away = json(envelope("TIMEOUT"), 504);
  const server = await startServer(t, away, json({ batch_id: "b" }));
  const queries = teacherQueries(createTeacherClient({ baseUrl: server.baseUrl, token }));
  const client = new QueryClient();
  const query = { ...queries.batch("b"), retryDelay: 1, staleTime: Infinity };

  const batch = await client.fetchQuery(query);

  assert.equal(batch, await client.fetchQuery(query));
  assert.equal(batch.batch_id, "b");
  assert.deepEqual(queries.batch("b").queryKey, ["huleedu", "teacher", "batch", "b"]);
  assert.equal(server.requests.length, 2);
});

test("pages go on with the cursor of the page before", async (t) => {
  const page = (next_cursor: string | null) => json({ users: [], next_cursor });
  const server = await startServer(t, page("c1"), page(null));
  const admin = adminQueries(createAdminClient({ baseUrl: server.baseUrl, token }));

  const found = await new QueryClient().fetchInfiniteQuery({ ...admin.users(), pages: 5 });

  assert.deepEqual(
    server.requests.map((request) => request.url),
    ["/bff/v1/admin/users", "/bff/v1/admin/users?cursor=c1"],
  );
  assert.equal(found.pages.length, 2);
});

test("passing failures are repeated twice after Retry-After, refusals never", () => {
  const { retry, retryDelay } = teacherQueries(
    createTeacherClient({ baseUrl: "", token }),
  ).me();
  const away = new BffError({ code: "TIMEOUT", message: "", status: 504, retryAfter: 7 });
  const denied = new BffError({ code: "AUTHORIZATION_ERROR", message: "", status: 403 });
  const signedOut = new BffError({ code: "CLIENT_SIGNED_OUT", message: "" });

  assert.deepEqual([retry(0, away), retry(1, away), retry(2, away)], [true, true, false]);
  assert.deepEqual([denied, signedOut, new TypeError("bug")].map(isPassing), [false, false, false]);
  assert.deepEqual([retryDelay(0, away), retryDelay(1, denied)], [7000, 2000]);
});
