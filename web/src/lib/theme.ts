/** Light or dark: as chosen, or as the system has it. */
import { ref, watchEffect } from "vue";
import { keepPreference, readPreference } from "@/lib/storage";

export type Theme = "system" | "light" | "dark";
export const THEMES: readonly Theme[] = ["system", "light", "dark"];

const kept = readPreference("theme");
export const theme = ref<Theme>(THEMES.find((one) => one === kept) ?? "system");

export function setTheme(wanted: Theme): void {
  theme.value = wanted;
  keepPreference("theme", wanted);
}

/** Sets the theme on the document, now and whenever the choice or the system changes. */
export function applyTheme(): void {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = ref(system.matches);
  system.addEventListener("change", (event) => (isDark.value = event.matches));
  watchEffect(() => {
    const dark = theme.value === "system" ? isDark.value : theme.value === "dark";
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  });
}
