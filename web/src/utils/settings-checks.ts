/** Checks of typed settings before they are sent; the service checks them again. */
import { formatExactly } from "@/lib/format";
import { locale, t } from "@/lib/i18n";
import { isEqual, isObject, pointerOf } from "@/utils/json-values";
import type { Path } from "@/utils/json-values";
import type { Field, ListField, NumberField, SetField, TextField } from "@/utils/settings-schema";

/** Text in place of a value: a JSON that cannot be read yet. */
export class UnreadableText {
  constructor(readonly text: string) {}
}

/** Problems by JSON pointer. */
export type Problems = Readonly<Record<string, string>>;

export function problemsOf(field: Field, value: unknown): Problems {
  return Object.fromEntries(found(field, value, []));
}

type Found = [pointer: string, problem: string];

function found(field: Field, value: unknown, path: Path): Found[] {
  const own = ownProblem(field, value);
  const inner = own === undefined ? innerOf(field, value, path) : [];
  return own === undefined ? inner : [[pointerOf(path), own]];
}

function innerOf(field: Field, value: unknown, path: Path): Found[] {
  if (field.kind === "group" && isObject(value)) {
    return field.fields.flatMap(({ name, field: one }) =>
      name in value ? found(one, value[name], [...path, name]) : [],
    );
  }
  if (field.kind === "list" && Array.isArray(value)) {
    return value.flatMap((one, at) => found(field.item, one, [...path, at]));
  }
  return [];
}

function ownProblem(field: Field, value: unknown): string | undefined {
  if (value === null && field.isNullable) return undefined;
  switch (field.kind) {
    case "number":
      return numberProblem(field, value);
    case "text":
      return textProblem(field, value);
    case "choice":
      return isOneOf(field.options, value) ? undefined : t("admin.form.choose");
    case "set":
    case "list":
      return Array.isArray(value) ? itemsProblem(field, value) : t("admin.form.choose");
    case "json":
      return value instanceof UnreadableText ? t("admin.form.notJson") : undefined;
    case "boolean":
      return typeof value === "boolean" ? undefined : t("admin.form.choose");
    case "group":
      return isObject(value) ? undefined : t("admin.form.choose");
  }
}

function numberProblem(field: NumberField, value: unknown): string | undefined {
  if (typeof value !== "number") {
    return field.isInteger ? t("admin.form.notWhole") : t("admin.form.notNumber");
  }
  if (field.isInteger && !Number.isInteger(value)) return t("admin.form.notWhole");
  if (value < field.minimum)
    return t("admin.form.atLeast", { limit: formatExactly(field.minimum) });
  if (value > field.maximum) return t("admin.form.atMost", { limit: formatExactly(field.maximum) });
  return undefined;
}

function textProblem(field: TextField, value: unknown): string | undefined {
  if (typeof value !== "string") return t("field.required");
  const length = [...value].length;
  if (length < field.minLength) {
    return length === 0 ? t("field.required") : t("field.passwordShort", { n: field.minLength });
  }
  if (length > field.maxLength) return t("admin.form.tooLong", { n: field.maxLength });
  const fits = field.pattern === undefined || new RegExp(field.pattern, "u").test(value);
  return fits ? undefined : t("admin.form.pattern", { pattern: field.pattern ?? "" });
}

function itemsProblem(field: ListField | SetField, items: readonly unknown[]): string | undefined {
  if (items.length < field.minItems) return t("admin.form.minItems", { n: field.minItems });
  if (items.length > field.maxItems) return t("admin.form.maxItems", { n: field.maxItems });
  const isUnique = field.kind === "set" || field.isUnique;
  const twice = items.some((one, at) => isOneOf(items.slice(0, at), one));
  return isUnique && twice ? t("admin.form.twice") : undefined;
}

function isOneOf(options: readonly unknown[], value: unknown): boolean {
  return options.some((one) => isEqual(one, value));
}

const WHOLE = /^-?\d+$/;
const DECIMAL = /^-?\d+(\.\d+)?$/;
const GROUPED = /^-?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$/;

/**
 * A typed number with the language's separators; the text itself where it is none. A whole one has
 * no decimals, not even `.000`: that may be meant as a thousand.
 */
export function parseNumber(text: string, isWhole = false): number | string {
  const plain = withoutSeparators(text);
  return (isWhole ? WHOLE : DECIMAL).test(plain) ? Number(plain) : text;
}

/** A comma parts decimals in Swedish, and thousands in English. */
function withoutSeparators(text: string): string {
  const tight = text.replace(/[\s\u00a0\u202f]/g, "").replace("\u2212", "-");
  if (locale.value === "sv") return tight.replace(",", ".");
  return GROUPED.test(tight) ? tight.replaceAll(",", "") : tight;
}
