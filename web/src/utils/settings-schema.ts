/** Fields of a form, from the JSON Schema of a namespace. */
import { isObject } from "@/utils/json-values";
import type { Path, Values } from "@/utils/json-values";

type Common = {
  readonly title: string;
  readonly description: string | undefined;
  readonly isNullable: boolean;
  /** Undefined where the schema names none. */
  readonly defaultValue: unknown;
};
type Limits = { readonly minItems: number; readonly maxItems: number };

export type BooleanField = Common & { readonly kind: "boolean" };
export type NumberField = Common & {
  readonly kind: "number";
  readonly isInteger: boolean;
  readonly minimum: number;
  readonly maximum: number;
};
export type TextField = Common & {
  readonly kind: "text";
  readonly minLength: number;
  readonly maxLength: number;
  readonly pattern: string | undefined;
};
/** One of some values. */
export type ChoiceField = Common & {
  readonly kind: "choice";
  readonly options: readonly unknown[];
};
/** Any of some values, each once. */
export type SetField = Common & Limits & { readonly kind: "set"; readonly options: unknown[] };
export type ListField = Common &
  Limits & { readonly kind: "list"; readonly item: Field; readonly isUnique: boolean };
export type GroupField = Common & {
  readonly kind: "group";
  readonly fields: readonly NamedField[];
};
/** Written as JSON: a schema that the form has no control for. */
export type JsonField = Common & { readonly kind: "json" };

export type Field =
  | BooleanField
  | NumberField
  | TextField
  | ChoiceField
  | SetField
  | ListField
  | GroupField
  | JsonField;
export type NamedField = { readonly name: string; readonly field: Field };

const MAX_DEPTH = 12;
/** Keywords that mean more than the controls know of. */
const BEYOND = [
  "allOf",
  "const",
  "contains",
  "dependentRequired",
  "dependentSchemas",
  "exclusiveMaximum",
  "exclusiveMinimum",
  "if",
  "multipleOf",
  "not",
  "patternProperties",
  "prefixItems",
  "propertyNames",
];

/** The fields of a namespace; its title and description belong to the group. */
export function fieldsOf(schema: Values): GroupField {
  const field = fieldOf(schema, schema, "", 0);
  if (field.kind === "group") return field;
  return { ...commonOf(schema, ""), kind: "group", fields: [] };
}

/** The field at a place; undefined where the schema describes none. */
export function fieldAt(root: Field, path: Path): Field | undefined {
  return path.reduce<Field | undefined>((field, step) => {
    if (field?.kind === "list") return field.item;
    if (field?.kind !== "group") return undefined;
    return field.fields.find(({ name }) => name === step)?.field;
  }, root);
}

function fieldOf(given: Values, root: Values, name: string, depth: number): Field {
  const { schema, isNullable } = withoutNull(resolved(given, root));
  const common = { ...commonOf(schema, name), isNullable };
  const isBeyond = depth > MAX_DEPTH || BEYOND.some((keyword) => keyword in schema);
  if (isBeyond) return { ...common, kind: "json" };
  if (Array.isArray(schema.enum)) return choiceOf(common, schema.enum);
  switch (schema.type) {
    case "boolean":
      return { ...common, kind: "boolean" };
    case "integer":
    case "number":
      return numberOf(common, schema);
    case "string":
      return textOf(common, schema);
    case "array":
      return listOf(common, schema, root, depth);
    case "object":
      return groupOf(common, schema, root, depth);
    default:
      return { ...common, kind: "json" };
  }
}

function commonOf(schema: Values, name: string): Common {
  return {
    title: textIn(schema.title) ?? name,
    description: textIn(schema.description),
    isNullable: false,
    defaultValue: schema.default,
  };
}

function choiceOf(common: Common, options: readonly unknown[]): ChoiceField {
  const isNullable = common.isNullable || options.includes(null);
  return { ...common, isNullable, kind: "choice", options: options.filter((one) => one !== null) };
}

function numberOf(common: Common, schema: Values): NumberField {
  return {
    ...common,
    kind: "number",
    isInteger: schema.type === "integer",
    minimum: numberIn(schema.minimum) ?? -Infinity,
    maximum: numberIn(schema.maximum) ?? Infinity,
  };
}

function textOf(common: Common, schema: Values): TextField {
  return {
    ...common,
    kind: "text",
    minLength: numberIn(schema.minLength) ?? 0,
    maxLength: numberIn(schema.maxLength) ?? Infinity,
    pattern: textIn(schema.pattern),
  };
}

function listOf(common: Common, schema: Values, root: Values, depth: number): Field {
  if (!isObject(schema.items)) return { ...common, kind: "json" };
  const item = fieldOf(schema.items, root, "", depth + 1);
  const limits = {
    minItems: numberIn(schema.minItems) ?? 0,
    maxItems: numberIn(schema.maxItems) ?? Infinity,
  };
  const isUnique = schema.uniqueItems === true;
  if (item.kind === "choice" && isUnique && !item.isNullable) {
    return { ...common, ...limits, kind: "set", options: [...item.options] };
  }
  return { ...common, ...limits, kind: "list", item, isUnique };
}

function groupOf(common: Common, schema: Values, root: Values, depth: number): Field {
  if (!isObject(schema.properties) || isObject(schema.additionalProperties)) {
    return { ...common, kind: "json" };
  }
  const fields = Object.entries(schema.properties).map(([name, inner]) => ({
    name,
    field: fieldOf(isObject(inner) ? inner : {}, root, name, depth + 1),
  }));
  return { ...common, kind: "group", fields };
}

/** The schema that a local reference names, with what stands beside the reference. */
function resolved(schema: Values, root: Values, depth = 0): Values {
  const { $ref: reference, ...beside } = schema;
  if (typeof reference !== "string" || depth > MAX_DEPTH) return schema;
  const steps = reference.replace(/^#\/?/, "").split("/").filter(Boolean);
  const target = steps.reduce<unknown>(
    (inner, step) => (isObject(inner) ? inner[step] : undefined),
    root,
  );
  if (!isObject(target)) return beside;
  return { ...resolved(target, root, depth + 1), ...beside };
}

/** Both spellings of "or null": a list of types, and a choice of schemas. */
function withoutNull(schema: Values): { schema: Values; isNullable: boolean } {
  const { type, anyOf, oneOf, ...rest } = schema;
  if (Array.isArray(type)) {
    const others = type.filter((one) => one !== "null");
    const only = others.length === 1 ? others[0] : undefined;
    return { schema: { ...rest, type: only }, isNullable: others.length < type.length };
  }
  const choices = anyOf ?? oneOf;
  if (!Array.isArray(choices)) return { schema, isNullable: false };
  const others = choices.filter((one) => !isObject(one) || one.type !== "null");
  const only = others.length === 1 && isObject(others[0]) ? others[0] : {};
  return { schema: { ...only, ...rest }, isNullable: others.length < choices.length };
}

function textIn(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function numberIn(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
