/** Addresses of the screens. Every view is a chunk of its own. */
import { createRouter, createWebHistory } from "vue-router";
import type { RouteRecordRaw } from "vue-router";
import type { PlainKey } from "@/lib/i18n";
import { adminRoutes } from "@/router/admin";
import { installGuards } from "@/router/guards";
import { teacherRoutes } from "@/router/teacher";

declare module "vue-router" {
  interface RouteMeta {
    /** Only for signed-in people. */
    requiresAuth?: boolean;
    /** Only for people with this role. */
    role?: "teacher" | "admin";
    /** The title of the browser's tab. */
    title?: PlainKey;
    /** The link of the sidebar that is the current one. */
    section?: string;
  }
}

const frameRoutes: RouteRecordRaw = {
  path: "/",
  component: () => import("@/layouts/FrameLayout.vue"),
  children: [
    {
      path: "login",
      name: "login",
      component: () => import("@/views/LoginView.vue"),
      meta: { title: "login.title" },
    },
    {
      path: "register",
      name: "register",
      component: () => import("@/views/RegisterView.vue"),
      meta: { title: "register.title" },
    },
    {
      path: "forgot-password",
      name: "forgot-password",
      component: () => import("@/views/ForgotPasswordView.vue"),
      meta: { title: "login.forgot" },
    },
    {
      path: "reset-password",
      name: "reset-password",
      component: () => import("@/views/ResetPasswordView.vue"),
      meta: { title: "reset.title" },
    },
    {
      path: "verify-email",
      name: "verify-email",
      component: () => import("@/views/VerifyEmailView.vue"),
      meta: { title: "verify.title" },
    },
    {
      path: "app/ny",
      name: "new-batch",
      component: () => import("@/views/NewBatchView.vue"),
      meta: { title: "upload.heading", requiresAuth: true, role: "teacher" },
    },
    {
      path: "unavailable",
      name: "unavailable",
      component: () => import("@/views/UnavailableView.vue"),
      meta: { title: "state.loadingError" },
    },
    {
      path: "forbidden",
      name: "forbidden",
      component: () => import("@/views/ForbiddenView.vue"),
      meta: { title: "forbidden.title" },
    },
    {
      path: ":pathMatch(.*)*",
      name: "not-found",
      component: () => import("@/views/NotFoundView.vue"),
      meta: { title: "notFound.title" },
    },
  ],
};

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    // The guard sends on to the first page of the person's role.
    { path: "/", name: "home", redirect: "/app/dashboard", meta: { requiresAuth: true } },
    teacherRoutes,
    adminRoutes,
    frameRoutes,
  ],
});

installGuards(router);

// A page that was open during a deployment names files that are gone: it is loaded anew, once.
router.onError((_error, to) => {
  const key = `huleedu.reloaded.${to.fullPath}`;
  if (!navigator.onLine || sessionStorage.getItem(key)) return;
  sessionStorage.setItem(key, "1");
  window.location.assign(to.fullPath);
});
router.afterEach((to) => sessionStorage.removeItem(`huleedu.reloaded.${to.fullPath}`));
