/** The teacher's screens. */
import type { RouteRecordRaw } from "vue-router";

export const teacherRoutes: RouteRecordRaw = {
  path: "/app",
  component: () => import("@/layouts/AppLayout.vue"),
  props: { area: "teacher" },
  redirect: "/app/dashboard",
  meta: { requiresAuth: true, role: "teacher" },
  children: [
    {
      path: "dashboard",
      name: "dashboard",
      component: () => import("@/views/TeacherDashboardView.vue"),
      meta: { title: "nav.overview" },
    },
    {
      path: "batch/:id",
      name: "batch",
      component: () => import("@/views/BatchView.vue"),
      props: true,
      meta: { title: "batch.one", section: "/app/dashboard" },
    },
    {
      path: "batch/:id/deviations",
      name: "matching",
      component: () => import("@/views/MatchingView.vue"),
      props: true,
      meta: { title: "matching.heading", section: "/app/dashboard" },
    },
    {
      path: "batch/:id/essays/:essayId",
      name: "essay",
      component: () => import("@/views/EssayView.vue"),
      props: true,
      meta: { title: "essay.one", section: "/app/dashboard" },
    },
    {
      path: "klasser",
      name: "classes",
      component: () => import("@/views/ClassesView.vue"),
      meta: { title: "nav.classes" },
    },
    {
      path: "klasser/:id",
      name: "class",
      component: () => import("@/views/ClassView.vue"),
      props: true,
      meta: { title: "classes.one" },
    },
    {
      path: "aviseringar",
      name: "notifications",
      component: () => import("@/views/NotificationsView.vue"),
      meta: { title: "nav.notifications" },
    },
    {
      path: "arkiv",
      name: "archive",
      component: () => import("@/views/ArchiveView.vue"),
      meta: { title: "nav.archive" },
    },
  ],
};
