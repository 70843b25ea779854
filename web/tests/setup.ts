/** What jsdom lacks of a browser. */
import { beforeEach } from "vitest";
import { loadAdminWords, setLocale } from "@/lib/i18n";

window.matchMedia ??= () =>
  ({ matches: false, addEventListener: () => undefined }) as unknown as MediaQueryList;

await setLocale("sv");
await loadAdminWords();
beforeEach(() => setLocale("sv"));
