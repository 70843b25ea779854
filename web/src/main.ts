/** Starts the screens. */
import "@/lib/zod";
import "@/styles/main.css";
import { createPinia } from "pinia";
import { createApp } from "vue";
import App from "@/App.vue";
import { preferredLocale, setLocale } from "@/lib/i18n";
import { applyTheme } from "@/lib/theme";
import { router } from "@/router";
import { useAuthStore } from "@/stores/auth";

applyTheme();
const app = createApp(App).use(createPinia());
// The session, the words and the files of the page are on their way at once.
const auth = useAuthStore();
const wanted = router.resolve(
  window.location.pathname === "/"
    ? "/app/dashboard"
    : window.location.pathname + window.location.search,
);
const words = setLocale(preferredLocale());
void auth.restore().then(readAhead);
preload();
await words;
app.use(router).mount("#app");

/** Begins to read the overview while its view is built: it is drawn once, with its batches. */
async function readAhead(): Promise<void> {
  if (wanted.name !== "dashboard" || !auth.isTeacher) return;
  const [{ useDashboardStore }, { parseLedgerQuery }] = await Promise.all([
    import("@/stores/dashboard"),
    import("@/utils/ledger-query"),
  ]);
  await useDashboardStore().readAhead(parseLedgerQuery(wanted.query));
}

/** Begins to load the files of the page that is wanted. */
function preload(): void {
  for (const { components } of wanted.matched) {
    const view = components?.default;
    if (typeof view === "function") void (view as () => Promise<unknown>)();
  }
}
