/** Starts the screens. */
import "@/lib/zod";
import "@/styles/main.css";
import { createPinia } from "pinia";
import { createApp } from "vue";
import App from "@/App.vue";
import { formatNumber } from "@/lib/format";
import { preferredLocale, setLocale } from "@/lib/i18n";
import { applyTheme } from "@/lib/theme";
import { followCalendar } from "@/lib/today";
import { router } from "@/router";
import { useAuthStore } from "@/stores/auth";

/** A page that takes longer is first drawn without its contents. */
const SKELETON_AFTER_MS = 150;

applyTheme();
followCalendar();
const app = createApp(App).use(createPinia());
// The session, the words and the files of the page are on their way at once.
const auth = useAuthStore();
const wanted = router.resolve(
  window.location.pathname === "/"
    ? "/app/dashboard"
    : window.location.pathname + window.location.search,
);
const words = setLocale(preferredLocale());
// The router loads the same files for the view, and knows what to do where they are gone.
const ahead = auth
  .restore()
  .then(readAhead)
  .catch(() => undefined);
preload();
const [begun] = await Promise.all([ahead, words]);
if (begun) {
  // The first formatter takes its time to make: it is made while the answer is awaited.
  formatNumber(0);
  await Promise.race([begun.isRead, new Promise((done) => setTimeout(done, SKELETON_AFTER_MS))]);
}
app.use(router).mount("#app");

/** Begins to read the overview before its view is built: what comes soon is drawn once. */
async function readAhead(): Promise<{ readonly isRead: Promise<void> } | undefined> {
  if (wanted.name !== "dashboard" || !auth.isTeacher) return undefined;
  const [{ useDashboardStore }, { parseLedgerQuery }] = await Promise.all([
    import("@/stores/dashboard"),
    import("@/utils/ledger-query"),
  ]);
  return { isRead: useDashboardStore().readAhead(parseLedgerQuery(wanted.query)) };
}

/** Begins to load the files of the page that is wanted. */
function preload(): void {
  for (const { components } of wanted.matched) {
    const view = components?.default;
    if (typeof view === "function") void (view as () => Promise<unknown>)();
  }
}
