/** Numbers and times as the language writes them. An unknown value is a dash, never zero. */
import { intlLocale, t } from "@/lib/i18n";
import { timeOfToday } from "@/lib/today";

export const UNKNOWN = "—";
const DAY_MS = 86_400_000;
const UNITS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
] as const;

// A formatter is expensive to make and cheap to use.
const numberFormat = remembered<Intl.NumberFormatOptions, Intl.NumberFormat>(
  (options) => new Intl.NumberFormat(intlLocale.value, options),
);
const dateFormat = remembered<Intl.DateTimeFormatOptions, Intl.DateTimeFormat>(
  (options) => new Intl.DateTimeFormat(intlLocale.value, options),
);

/** Makes a formatter once for its options and the language. */
function remembered<Options, Format>(make: (options: Options) => Format) {
  const made = new Map<string, Format>();
  return (options: Options): Format => {
    const key = intlLocale.value + JSON.stringify(options);
    const format = made.get(key) ?? make(options);
    made.set(key, format);
    return format;
  };
}

export function formatNumber(value: number | null | undefined, fractionDigits = 0): string {
  if (value === null || value === undefined) return UNKNOWN;
  return numberFormat({
    minimumFractionDigits: fractionDigits,
    maximumFractionDigits: fractionDigits,
  }).format(value);
}

/** With all its decimals: a rounded setting is another one. */
export function formatExactly(value: number): string {
  return numberFormat({ maximumFractionDigits: 20 }).format(value);
}

export function formatPercent(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  return numberFormat({ style: "percent" }).format(value / 100);
}

export function formatDateTime(time: string | null | undefined): string {
  return format(time, { dateStyle: "medium", timeStyle: "short" });
}

export function formatDate(time: string | null | undefined): string {
  return format(time, { dateStyle: "medium" });
}

export function formatTime(time: string | null | undefined): string {
  return format(time, { hour: "2-digit", minute: "2-digit" });
}

function format(time: string | null | undefined, style: Intl.DateTimeFormatOptions): string {
  const date = time ? new Date(time) : undefined;
  if (!date || Number.isNaN(date.getTime())) return UNKNOWN;
  return dateFormat(style).format(date);
}

/** Time of a list: today's clock, yesterday, a weekday of this week, else day and month. */
export function formatRecent(time: string | null | undefined, now = timeOfToday()): string {
  const date = time ? new Date(time) : undefined;
  if (!date || Number.isNaN(date.getTime())) return UNKNOWN;
  const days = Math.round((midnight(now) - midnight(date)) / DAY_MS);
  if (days === 0) return formatTime(time);
  if (days === 1) return t("time.yesterday");
  if (days > 1 && days < 7) return capitalized(format(time, { weekday: "long" }));
  const isThisYear = date.getFullYear() === now.getFullYear();
  return format(time, {
    day: "numeric",
    month: "short",
    ...(isThisYear ? {} : { year: "numeric" }),
  });
}

/** A duration in its largest two units: "3 h 20 min". */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return UNKNOWN;
  let rest = Math.max(0, Math.floor(seconds));
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0 && parts.length < 2) parts.push(withUnit(count, unit));
  }
  return parts.length > 0 ? parts.join(" ") : withUnit(rest, "second");
}

function withUnit(value: number, unit: string): string {
  return numberFormat({ style: "unit", unit, unitDisplay: "short" }).format(value);
}

/** Hours and minutes of a countdown: "22:05". */
export function formatCountdown(seconds: number): string {
  const minutes = Math.max(0, Math.ceil(seconds / 60));
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return withUnit(bytes, "byte");
  const isLarge = bytes >= 1_000_000;
  return numberFormat({
    style: "unit",
    unit: isLarge ? "megabyte" : "kilobyte",
    maximumFractionDigits: isLarge ? 1 : 0,
  }).format(bytes / (isLarge ? 1_000_000 : 1000));
}

function midnight(date: Date): number {
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
}

function capitalized(word: string): string {
  return word.charAt(0).toLocaleUpperCase(intlLocale.value) + word.slice(1);
}
