/** The form of a JSON Schema: its fields, its checks, its words. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { setLocale } from "@/lib/i18n";
import { settingWord } from "@/locales/settings";
import type { Values } from "@/utils/json-values";
import { parseNumber, problemsOf, UnreadableText } from "@/utils/settings-checks";
import { fieldAt, fieldsOf } from "@/utils/settings-schema";
import type { Field } from "@/utils/settings-schema";
import { formatSetting } from "@/utils/settings-values";

const FOLDER = join(import.meta.dirname, "../../../services/config_service/namespaces");
const SHIPPED = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".json"))
  .map((name) => [name, JSON.parse(readFileSync(join(FOLDER, name), "utf8")) as Values] as const);

function formOf(properties: Values, $defs: Values = {}) {
  return fieldsOf({ title: "T", type: "object", properties, $defs });
}

function fieldOf(schema: Values, $defs: Values = {}): Field {
  const field = fieldAt(formOf({ one: schema }, $defs), ["one"]);
  if (!field) throw new Error("no field");
  return field;
}

function allFields(field: Field): Field[] {
  const inner =
    field.kind === "group"
      ? field.fields.map((one) => one.field)
      : field.kind === "list"
        ? [field.item]
        : [];
  return [field, ...inner.flatMap(allFields)];
}

describe("a schema", () => {
  it.each([
    ["boolean", { type: "boolean" }],
    ["number", { type: "integer", minimum: 1 }],
    ["number", { type: "number" }],
    ["text", { type: "string", maxLength: 5 }],
    ["choice", { type: "string", enum: ["sv", "en"] }],
    ["choice", { enum: [1, 2] }],
    ["set", { type: "array", uniqueItems: true, items: { enum: ["a", "b"] } }],
    ["list", { type: "array", items: { type: "string" } }],
    ["list", { type: "array", items: { enum: ["a", "b"] } }],
    ["group", { type: "object", properties: { inner: { type: "boolean" } } }],
    // Beyond the controls: written as JSON, and checked by the service.
    ["json", {}],
    ["json", { type: ["string", "integer"] }],
    ["json", { type: "integer", multipleOf: 5 }],
    ["json", { type: "object", additionalProperties: { type: "string" } }],
    ["json", { type: "object", properties: { a: {} }, patternProperties: {} }],
    ["json", { oneOf: [{ type: "string" }, { type: "integer" }] }],
    ["json", { type: "array", prefixItems: [{}] }],
  ])("becomes a %s from %j", (kind, schema) => {
    expect(fieldOf(schema).kind).toBe(kind);
  });

  it.each([
    { type: ["integer", "null"] },
    { anyOf: [{ type: "integer" }, { type: "null" }] },
    { oneOf: [{ type: "null" }, { type: "integer" }] },
  ])("may be null in %j", (schema) => {
    const field = fieldOf(schema);

    expect(field).toMatchObject({ kind: "number", isNullable: true });
    expect(problemsOf(field, null)).toEqual({});
  });

  it("with null among its choices offers the others, and null apart", () => {
    expect(fieldOf({ enum: ["a", null] })).toMatchObject({ options: ["a"], isNullable: true });
  });

  it("takes the titles beside a reference before those it leads to", () => {
    const $defs = { limit: { type: "integer", title: "Limit", maximum: 3 } };

    expect(fieldOf({ $ref: "#/$defs/limit" }, $defs)).toMatchObject({ title: "Limit", maximum: 3 });
    expect(fieldOf({ $ref: "#/$defs/limit", title: "Own" }, $defs).title).toBe("Own");
  });

  it("that refers to itself ends in JSON", () => {
    const $defs = { node: { type: "object", properties: { next: { $ref: "#/$defs/node" } } } };

    const fields = allFields(fieldOf({ $ref: "#/$defs/node" }, $defs));

    expect(fields.at(-1)?.kind).toBe("json");
  });

  it.each(SHIPPED)("%s has a control for every setting", (_, schema) => {
    const kinds = allFields(fieldsOf(schema)).map(({ kind }) => kind);

    expect(kinds.length).toBeGreaterThan(3);
    expect(kinds).not.toContain("json");
  });

  it.each(SHIPPED)("%s has Swedish words for every text and choice", (_, schema) => {
    const texts = allFields(fieldsOf(schema)).flatMap((field) => [
      field.title,
      field.description,
      ...(field.kind === "choice" || field.kind === "set" ? field.options.map(String) : []),
    ]);

    const untranslated = texts.filter((text) => text && settingWord(text) === text);

    // A word that is the same in both languages.
    expect(untranslated.filter((text) => text !== "Feedback")).toEqual([]);
  });
});

describe("a typed value", () => {
  const limited = { type: "integer", minimum: 1, maximum: 500 };
  const ending = { type: "string", pattern: "^\\.[a-z]+$", maxLength: 5 };

  it.each([
    [limited, 5, undefined],
    [limited, 0, "Minst 1."],
    [limited, 501, "Högst 500."],
    [limited, 1.5, "Skriv ett heltal."],
    [limited, "many", "Skriv ett heltal."],
    [{ type: "number" }, "many", "Skriv ett tal."],
    [{ type: "number", maximum: 0.125 }, 0.2, "Högst 0,125."],
    [ending, ".txt", undefined],
    [ending, "txt", "Texten måste passa mönstret ^\\.[a-z]+$"],
    [ending, ".abcdef", "Högst 5 tecken."],
    [{ type: "string", minLength: 1 }, "", "Fyll i detta fält."],
    [{ enum: ["a"] }, "b", "Välj ett värde."],
    [{ type: "array", minItems: 1, items: { type: "string" } }, [], "Minst 1 värde."],
    [{ type: "array", uniqueItems: true, items: { type: "string" } }, ["a", "a"], "Samma värde"],
    [{ type: "boolean" }, null, "Välj ett värde."],
    [{}, new UnreadableText("{"), "Texten är inte JSON."],
    [{}, { any: ["thing"] }, undefined],
  ])("%j of %j: %s", (schema, value, problem) => {
    const found = problemsOf(fieldOf(schema), value);

    if (problem) expect(found[""]).toContain(problem);
    else expect(found).toEqual({});
  });

  it("counts characters as people do", () => {
    expect(problemsOf(fieldOf({ type: "string", maxLength: 2 }), "🙂🙂")).toEqual({});
  });

  it("is named by its pointer inside groups and lists", () => {
    const form = formOf({
      group: { type: "object", properties: { "a/b": limited } },
      list: { type: "array", items: ending },
    });

    const found = problemsOf(form, { group: { "a/b": 0 }, list: [".txt", "pdf"] });

    expect(Object.keys(found)).toEqual(["/group/a~1b", "/list/1"]);
  });

  it.each([
    ["1 250", 1250],
    ["1 250", 1250],
    ["3,5", 3.5],
    ["−2", -2],
    ["", ""],
    ["1e9", "1e9"],
    ["12 apples", "12 apples"],
  ])("%j is read as %j", (text, value) => {
    expect(parseNumber(text)).toBe(value);
  });

  it.each([
    ["1,000", 1000],
    ["1,250,000.5", 1_250_000.5],
    ["3.5", 3.5],
    ["3,5", "3,5"],
    ["0,125", "0,125"],
  ])("%j is read as %j in English", async (text, value) => {
    await setLocale("en");

    expect(parseNumber(text)).toBe(value);
  });

  it.each([
    ["sv", "1 000", 1000],
    ["sv", "1.000", "1.000"],
    ["sv", "1,000", "1,000"],
    ["en", "1,000", 1000],
    ["en", "1.000", "1.000"],
  ] as const)("that is whole is read in %s from %j as %j", async (language, text, value) => {
    await setLocale(language);

    expect(parseNumber(text, true)).toBe(value);
  });
});

it("says values in the page's language", async () => {
  const kinds = fieldOf({ type: "array", uniqueItems: true, items: { enum: ["nlp"] } });

  expect(formatSetting(true)).toBe("På");
  expect(formatSetting(undefined)).toBe("—");
  expect(formatSetting(null)).toBe("Inget värde");
  expect(formatSetting([])).toBe("Tomt");
  expect(formatSetting(["nlp"], kinds)).toBe("Textanalys");
  // A rounded value would hide what a change does.
  expect(formatSetting(0.125)).toBe("0,125");
  expect(formatSetting(1250)).toBe("1\u00a0250");
  await setLocale("en");
  expect(formatSetting(["nlp"], kinds)).toBe("Text analysis");
  expect(settingWord("Read-only")).toBe("Read-only");
});
