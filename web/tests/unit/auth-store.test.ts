import { BffError } from "@huleedu/bff-client";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, expect, it, vi } from "vitest";
import { createMemoryHistory, createRouter } from "vue-router";
import { installGuards } from "@/router/guards";
import { session } from "@/services/session";
import type { SessionUser } from "@/services/session";
import { useAuthStore } from "@/stores/auth";

vi.mock("@/services/session", () => ({
  session: { onChange: vi.fn(), restore: vi.fn(), signIn: vi.fn(), signOut: vi.fn() },
}));

const ANNA: SessionUser = { id: "anna", email: "a@x.se", name: "Anna", roles: ["teacher"] };
const ADMIN: SessionUser = { id: "admin", email: "b@x.se", name: null, roles: ["admin"] };
const page = { template: "<p />" };

/** What the session tells the store, as another tab or a refusal would. */
function tell(user: SessionUser | null): void {
  vi.mocked(session.onChange).mock.lastCall?.[0](user);
}

function routerOf() {
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: "/", name: "home", redirect: "/app/dashboard" },
      { path: "/app/:rest*", component: page, meta: { requiresAuth: true, role: "teacher" } },
      { path: "/admin", component: page, meta: { requiresAuth: true, role: "admin" } },
      ...["login", "forbidden", "unavailable"].map((name) => ({
        path: `/${name}`,
        name,
        component: page,
      })),
    ],
  });
  installGuards(router);
  return router;
}

beforeEach(() => {
  setActivePinia(createPinia());
  vi.mocked(session.restore).mockResolvedValue(null);
});

it("sends strangers to sign-in and back to the page that they wanted", async () => {
  const router = routerOf();

  await router.push("/app/batch/1?tab=results");

  expect(router.currentRoute.value.fullPath).toBe("/login?redirect=/app/batch/1?tab=results");
});

it("leads an admin to the admin's pages, and keeps others out of them", async () => {
  vi.mocked(session.restore).mockResolvedValue(ADMIN);
  const router = routerOf();

  await router.push("/");
  expect(router.currentRoute.value.path).toBe("/admin");
  await router.push("/app/dashboard");
  expect(router.currentRoute.value.name).toBe("forbidden");
});

it("says so when the gateway does not tell who is signed in, and asks again", async () => {
  const away = new BffError({ code: "CLIENT_UNREACHABLE", message: "" });
  vi.mocked(session.restore).mockRejectedValueOnce(away).mockResolvedValue(ANNA);
  const router = routerOf();

  await router.push("/app/dashboard");
  expect(router.currentRoute.value.fullPath).toBe("/unavailable?redirect=/app/dashboard");
  await router.push("/app/dashboard");

  expect(router.currentRoute.value.path).toBe("/app/dashboard");
});

it("asks for the password over the page when the session ends, and not after signing out", async () => {
  vi.mocked(session.restore).mockResolvedValue(ANNA);
  const auth = useAuthStore();
  await auth.restore();

  tell(null);
  expect([auth.hasExpired, auth.user?.id]).toEqual([true, "anna"]);
  vi.mocked(session.signIn).mockResolvedValueOnce(ANNA);
  expect(await auth.signIn({ email: "", password: "" })).toBe(true);
  expect(auth.hasExpired).toBe(false);

  vi.mocked(session.signOut).mockImplementationOnce(async () => tell(null));
  await auth.signOut();
  expect([auth.hasExpired, auth.user]).toEqual([false, null]);
});

it("remembers that the gateway has not heard of the sign-out, until it has", async () => {
  const auth = useAuthStore();
  auth.setAuth(ANNA);
  const away = new BffError({ code: "CLIENT_UNREACHABLE", message: "" });
  vi.mocked(session.signOut).mockRejectedValueOnce(away).mockResolvedValueOnce();

  await auth.signOut();
  expect([auth.user, auth.isStillSignedIn]).toEqual([null, true]);
  await auth.signOut();

  expect(auth.isStillSignedIn).toBe(false);
});
