import { expect, it, vi } from "vitest";
import { computed } from "vue";
import { UNKNOWN, formatCountdown, formatDuration, formatNumber, formatRecent } from "@/lib/format";
import { locale, setLocale, t } from "@/lib/i18n";
import { followCalendar } from "@/lib/today";

it("chooses the plural form and writes numbers as the language does", async () => {
  expect(t("state.skipped", { n: 1 })).toBe("1 rad kunde inte visas.");
  expect(t("state.skipped", { n: 12500 })).toBe("12\u00a0500 rader kunde inte visas.");

  await setLocale("en");

  expect(t("state.skipped", { n: 12500 })).toBe("12,500 rows could not be shown.");
  expect([locale.value, document.documentElement.lang]).toEqual(["en", "en"]);
});

it("shows an unknown value as a dash and zero as zero", () => {
  expect([null, undefined].map((value) => formatNumber(value))).toEqual([UNKNOWN, UNKNOWN]);
  expect(formatNumber(0)).toBe("0");
  expect(formatRecent(null)).toBe(UNKNOWN);
  expect(formatRecent("no time")).toBe(UNKNOWN);
  expect(formatDuration(null)).toBe(UNKNOWN);
});

it.each([
  ["2026-02-07T14:32:00", "14:32"],
  ["2026-02-06T23:59:00", "Igår"],
  ["2026-02-02T08:00:00", "Måndag"],
  ["2026-01-03T08:00:00", "3 jan."],
  ["2025-12-03T08:00:00", "3 dec. 2025"],
])("writes %s as %s", (time, expected) => {
  expect(formatRecent(time, new Date("2026-02-07T15:00:00"))).toBe(expected);
});

it("names a day anew after midnight on a page that stays open", () => {
  vi.useFakeTimers({ now: new Date("2026-02-07T23:50:00") });
  followCalendar();
  const shown = computed(() => formatRecent("2026-02-07T14:32:00"));
  expect(shown.value).toBe("14:32");

  vi.advanceTimersByTime(11 * 60_000);

  expect(shown.value).toBe("Igår");
  vi.useRealTimers();
});

it("writes durations by their largest two units", () => {
  expect(formatDuration(45)).toBe("45 s");
  expect(formatDuration(3 * 3600 + 20 * 60 + 59)).toBe("3 tim 20 min");
  expect(formatDuration(-5)).toBe("0 s");
  expect(formatCountdown(22 * 3600 + 299)).toBe("22:05");
});
