/** The admin's screens. */
import type { RouteRecordRaw } from "vue-router";

export const adminRoutes: RouteRecordRaw = {
  path: "/admin",
  component: () => import("@/layouts/AppLayout.vue"),
  props: { area: "admin" },
  redirect: "/admin/overview",
  meta: { requiresAuth: true, role: "admin" },
  children: [
    {
      path: "overview",
      name: "admin-overview",
      component: () => import("@/views/AdminOverviewView.vue"),
      meta: { title: "nav.overview" },
    },
    {
      path: "accounts",
      name: "admin-accounts",
      component: () => import("@/views/AdminAccountsView.vue"),
      meta: { title: "nav.accounts" },
    },
    {
      path: "accounts/:id",
      name: "admin-account",
      component: () => import("@/views/AdminAccountView.vue"),
      meta: { title: "admin.account.title" },
    },
    {
      path: "accounts/:id/credits",
      name: "admin-credits",
      component: () => import("@/views/AdminCreditsView.vue"),
      meta: { title: "admin.credits.title" },
    },
    {
      path: "settings",
      name: "admin-settings",
      component: () => import("@/views/AdminSettingsView.vue"),
      meta: { title: "nav.settings" },
    },
    {
      path: "settings/:namespace",
      name: "admin-namespace",
      component: () => import("@/views/AdminNamespaceView.vue"),
      meta: { title: "nav.settings" },
    },
    {
      path: "settings/:namespace/history",
      name: "admin-history",
      component: () => import("@/views/AdminHistoryView.vue"),
      meta: { title: "admin.settings.history" },
    },
    {
      path: "audit",
      name: "admin-audit",
      component: () => import("@/views/AdminAuditView.vue"),
      meta: { title: "nav.audit" },
    },
  ],
};
