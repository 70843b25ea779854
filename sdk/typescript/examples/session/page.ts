/**
 * A page that holds no token: it signs in with the gateway's cookie and follows the batches.
 *
 * `index.html` finds this file compiled as `page.js`, the package's `dist` as `bff-client`, and
 * `openapi-fetch.mjs` beside it. `?api=` names the gateway; without it, the page's own origin.
 */
import { BffError, createSession, followBatches } from "@huleedu/bff-client";
import type { Api, LiveState, LiveBatch } from "@huleedu/bff-client";

const baseUrl = new URLSearchParams(location.search).get("api") ?? "";
const session = createSession({ baseUrl, onChange: show });
let following = new AbortController();

function element<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

function show(user: Api.SessionUserV1 | undefined): void {
  following.abort();
  element("sign-in").hidden = user !== undefined;
  element("screen").hidden = user === undefined;
  element("person").textContent = user?.name ?? user?.email ?? "";
  element("batches").replaceChildren();
  if (user) void follow();
}

async function follow(): Promise<void> {
  following = new AbortController();
  const { signal } = following;
  try {
    await followBatches({ baseUrl, session, signal, onState: showBatches });
  } catch (error) {
    // The end of the session is shown already.
    if (!(error instanceof BffError) || error.status !== 401) throw error;
  }
}

function showBatches(state: LiveState<LiveBatch>): void {
  const rows = Object.values(state.batches).map(({ title }) => {
    const row = document.createElement("li");
    row.textContent = title;
    return row;
  });
  element("batches").replaceChildren(...rows);
}

element<HTMLFormElement>("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.currentTarget as HTMLFormElement;
  const given = new FormData(form);
  const login = { email: String(given.get("email")), password: String(given.get("password")) };
  form.reset();
  session.signIn(login).catch((error: unknown) => {
    element("problem").textContent = error instanceof Error ? error.message : "";
  });
});
element("sign-out").addEventListener("click", () => void session.signOut());

if ((await session.resume()) === undefined) show(undefined);
