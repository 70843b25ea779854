// Writes the component schemas of an OpenAPI document as zod schemas, in an order without forward references.

const DATE_TIME = "z.iso.datetime({ offset: true })";

/** The source of a module that exports one zod schema per component schema. */
export function zodSchemas({ components: { schemas } }) {
  const written = new Set();
  const lines = [
    `/** zod schemas of the gateway's bodies, named as in its OpenAPI document. */`,
    `import { z } from "zod";`,
  ];
  const write = (name, ancestors) => {
    if (written.has(name)) return;
    if (ancestors.includes(name)) throw new Error(`${name} refers to itself`);
    for (const other of referencesOf(schemas[name])) write(other, [...ancestors, name]);
    written.add(name);
    lines.push("", `/** \`Api.${name}\` */`, `export const ${name} = ${expressionOf(schemas[name])};`);
  };
  for (const name of Object.keys(schemas).sort()) write(name, []);
  return `${lines.join("\n")}\n`;
}

function referencesOf(schema) {
  if (typeof schema !== "object" || schema === null) return [];
  if (schema.$ref) return [nameOf(schema.$ref)];
  const { properties = {}, items, additionalProperties, anyOf = [] } = schema;
  return [...Object.values(properties), items, additionalProperties, ...anyOf].flatMap(referencesOf);
}

const nameOf = (reference) => reference.split("/").at(-1);

function expressionOf(schema) {
  if (schema.$ref) return nameOf(schema.$ref);
  if (schema.anyOf) return unionOf(schema.anyOf);
  if (schema.const !== undefined) return `z.literal(${JSON.stringify(schema.const)})`;
  if (schema.enum) return `z.enum(${JSON.stringify(schema.enum)})`;
  if (schema.type === undefined) return "z.unknown()";
  const make = TYPES[schema.type];
  if (!make) throw new Error(`no zod schema for the type ${schema.type}`);
  return make(schema);
}

const TYPES = {
  string: ({ format }) => {
    // A UUID of any version, in either case.
    if (format === "uuid") return "z.guid()";
    return format === "date-time" ? DATE_TIME : "z.string()";
  },
  integer: () => "z.int()",
  number: () => "z.number()",
  boolean: () => "z.boolean()",
  array: ({ items = {} }) => `z.array(${expressionOf(items)})`,
  object: objectOf,
};

// Fields that a later version adds are dropped, as `z.object` does by itself.
function objectOf({ properties, required = [], additionalProperties }) {
  if (!properties) {
    const value = typeof additionalProperties === "object" ? additionalProperties : {};
    return `z.record(z.string(), ${expressionOf(value)})`;
  }
  const fields = Object.entries(properties).map(([name, field]) => {
    const value = expressionOf(field);
    return `  ${name}: ${required.includes(name) ? value : `z.optional(${value})`},`;
  });
  return `z.object({\n${fields.join("\n")}\n})`;
}

function unionOf(alternatives) {
  const others = alternatives.filter(({ type }) => type !== "null");
  const [first] = others;
  const value =
    others.length === 1 ? expressionOf(first) : `z.union([${others.map(expressionOf).join(", ")}])`;
  return others.length < alternatives.length ? `z.nullable(${value})` : value;
}
