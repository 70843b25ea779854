/** Lets only those in whom a page is for, and names the browser's tab. */
import { watch } from "vue";
import type { RouteLocationNormalized, Router } from "vue-router";
import { loadAdminWords, locale, t } from "@/lib/i18n";
import type { PlainKey } from "@/lib/i18n";
import { useAuthStore } from "@/stores/auth";

export function installGuards(router: Router): void {
  router.beforeEach(async (to) => {
    const auth = useAuthStore();
    if (to.name === "unavailable") return true;
    await auth.restore();
    // The frame says that there is no answer, and goes on to the page when there is one.
    if (auth.failure)
      return { name: "unavailable", query: { redirect: to.fullPath }, replace: true };
    if (!to.meta.requiresAuth) return true;
    if (!auth.isAuthenticated) return { name: "login", query: { redirect: to.fullPath } };
    return admit(to, auth);
  });
  router.afterEach((to) => setTitle(to.meta.title));
  watch(locale, () => setTitle(router.currentRoute.value.meta.title));
}

function admit(to: RouteLocationNormalized, auth: ReturnType<typeof useAuthStore>) {
  if (!to.meta.role || auth.userRoles.includes(to.meta.role)) return admitTo(to.meta.role);
  const isHome = to.redirectedFrom?.name === "home" || to.redirectedFrom?.path === "/";
  return isHome ? auth.home : { name: "forbidden" };
}

async function admitTo(role: "teacher" | "admin" | undefined): Promise<true> {
  if (role === "admin") await loadAdminWords();
  return true;
}

function setTitle(key: PlainKey | undefined): void {
  document.title = key ? `${t(key)} · ${t("app.name")}` : t("app.name");
}
