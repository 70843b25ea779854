import { describe, expect, it } from "vitest";
import type { Message } from "@/locales/types";
import { adminEn } from "@/locales/admin.en";
import { adminSv } from "@/locales/admin.sv";
import { en as baseEn } from "@/locales/en";
import { sv as baseSv } from "@/locales/sv";
import { sourcesWith, swedishLiterals, writtenWords } from "../support/sources";

const sv = { ...baseSv, ...adminSv };
const en = { ...baseEn, ...adminEn };
const formsOf = (message: Message) =>
  typeof message === "string" ? [message] : [message.one, message.other];
const namesIn = (message: Message) =>
  formsOf(message).map((form) => [...form.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort());
const keys = Object.keys(sv) as (keyof typeof sv)[];

describe("the catalogues", () => {
  it("have the same keys in the same order", () => {
    expect(Object.keys(en)).toEqual(keys);
  });

  it("have words and the same values for every key", () => {
    for (const key of keys) {
      expect([key, typeof en[key]]).toEqual([key, typeof sv[key]]);
      expect([key, new Set(namesIn(en[key]).flat())]).toEqual([
        key,
        new Set(namesIn(sv[key]).flat()),
      ]);
      expect([key, ...formsOf(sv[key]), ...formsOf(en[key])]).not.toContain("");
    }
  });

  it("write no Swedish without its letters, and no English in Swedish", () => {
    const words = JSON.stringify(Object.values(sv));

    expect(words).not.toMatch(/\b(?:Oppna|Stang|Losenord|Oversikt|Login|Error|Batch|Loading)\b/);
  });

  it("have no key that nothing uses", () => {
    const sources = [...sourcesWith(".vue"), ...sourcesWith(".ts")].map(({ text }) => text).join();
    const isUsed = (key: string) => {
      const stems = key.split(".").map((_, index, parts) => parts.slice(0, index + 1).join("."));
      return (
        sources.includes(`"${key}"`) ||
        sources.includes(`'${key}'`) ||
        stems.some((stem) => sources.includes(`\`${stem}.$`))
      );
    };

    // Words for actions are a stock that any screen may take from.
    expect(keys.filter((key) => !key.startsWith("action.") && !isUsed(key))).toEqual([]);
  });
});

describe("the sources", () => {
  it.each(sourcesWith(".vue"))("$path has its words from the catalogue", (source) => {
    expect(writtenWords(source)).toEqual([]);
  });

  it("have no Swedish sentence in a script", () => {
    const found = [...sourcesWith(".ts"), ...sourcesWith(".vue")].flatMap(swedishLiterals);

    expect(found).toEqual([]);
  });
});
