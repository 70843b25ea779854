/** Words, numbers and times in the person's language. */
import { computed, shallowRef } from "vue";
import { keepPreference, readPreference } from "@/lib/storage";
import type { adminSv } from "@/locales/admin.sv";
import type { sv } from "@/locales/sv";
import type { Message, ParamsOf } from "@/locales/types";

export type Locale = "sv" | "en";
type Catalogue = typeof sv & typeof adminSv;
export type BaseKey = keyof typeof sv;
export type AdminKey = keyof typeof adminSv;
export type MessageKey = keyof Catalogue;
/** A key of words without values. */
export type PlainKey = {
  [Key in MessageKey]: [ParamsOf<Catalogue[Key]>] extends [never] ? Key : never;
}[MessageKey];
type Values = Readonly<Record<string, string | number>>;
type Arguments<Key extends MessageKey> = [ParamsOf<Catalogue[Key]>] extends [never]
  ? []
  : [Readonly<Record<ParamsOf<Catalogue[Key]>, string | number>>];

export const LOCALES: readonly Locale[] = ["sv", "en"];
const PREFERENCE = "locale";

type Words = Readonly<Record<MessageKey, Message>>;

/** Empty until `setLocale`, which the page awaits before it draws anything. */
const current = shallowRef({ locale: "sv" as Locale, words: {} as Words });

export const locale = computed(() => current.value.locale);

/** The language that is asked for: its words may still be on their way. */
export const wantedLocale = (): Locale => asked;

/** The language for `Intl`: English as it is written here, with days before months. */
export const intlLocale = computed(() => (locale.value === "sv" ? "sv-SE" : "en-GB"));
const numbers = computed(() => new Intl.NumberFormat(intlLocale.value));
const plurals = computed(() => new Intl.PluralRules(intlLocale.value));

/** The message of a key, with its names replaced; numbers as the language writes them. */
export function t<Key extends MessageKey>(key: Key, ...[values]: Arguments<Key>): string {
  const message: Message = current.value.words[key];
  const given: Values = values ?? {};
  return fill(formOf(message, given), given);
}

function formOf(message: Message, values: Values): string {
  if (typeof message === "string") return message;
  return plurals.value.select(Number(values.n)) === "one" ? message.one : message.other;
}

function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name] ?? "";
    return typeof value === "number" ? numbers.value.format(value) : value;
  });
}

const CATALOGUES = {
  sv: {
    base: async () => (await import("@/locales/sv")).sv,
    admin: async () => (await import("@/locales/admin.sv")).adminSv,
  },
  en: {
    base: async () => (await import("@/locales/en")).en,
    admin: async () => (await import("@/locales/admin.en")).adminEn,
  },
} as const;
let asked: Locale = "sv";
let needsAdmin = false;
let adminWords: Promise<void> | undefined;

/** Loads the catalogue and makes it the one in use. */
export async function setLocale(wanted: Locale): Promise<void> {
  asked = wanted;
  const withAdmin = needsAdmin;
  const { base, admin } = CATALOGUES[wanted];
  const [own, more] = await Promise.all([base(), withAdmin ? admin() : undefined]);
  // Meanwhile another language, or the admin's words, may have been asked for.
  if (asked !== wanted || needsAdmin !== withAdmin) return setLocale(asked);
  current.value = { locale: wanted, words: { ...own, ...more } as Words };
  document.documentElement.lang = wanted;
}

/**
 * Uses a language that the person has chosen, also at the next visit.
 *
 * @throws when its words do not arrive; the language in use stays.
 */
export async function chooseLocale(wanted: Locale): Promise<void> {
  try {
    await setLocale(wanted);
  } catch (error) {
    if (asked === wanted) asked = locale.value;
    throw error;
  }
  keepPreference(PREFERENCE, wanted);
}

/** Adds the words of the admin's screens, before one of them is drawn. */
export function loadAdminWords(): Promise<void> {
  needsAdmin = true;
  adminWords ??= setLocale(asked).catch((error: unknown) => {
    adminWords = undefined;
    throw error;
  });
  return adminWords;
}

/** The kept choice, else the first language of the browser that there are words for. */
export function preferredLocale(): Locale {
  const languages = navigator.languages.map((one) => one.slice(0, 2).toLowerCase());
  const wanted = [readPreference(PREFERENCE), ...languages];
  return wanted.find(isLocale) ?? "sv";
}

/** Tells whether there are words for a key that is made from a value of the API. */
export function hasWords(key: string): key is MessageKey {
  return key in current.value.words;
}

function isLocale(tag: string | undefined): tag is Locale {
  return LOCALES.some((one) => one === tag);
}
