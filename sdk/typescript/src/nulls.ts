/** Restores the null fields that a stream leaves out. */

/** The nullable fields of an object, and the shapes of the objects and lists in its fields. */
export interface Shape {
  readonly nullable: readonly string[];
  readonly fields: Readonly<Record<string, Shape>>;
}

/** The value with null for every field of its shape that is absent, inside lists and objects too. */
export function withNulls(value: object, shape: Shape): Record<string, unknown> {
  const restored: Record<string, unknown> = { ...value };
  for (const name of shape.nullable) if (!(name in restored)) restored[name] = null;
  for (const [name, inner] of Object.entries(shape.fields)) {
    const field = restored[name];
    if (Array.isArray(field)) restored[name] = field.map((item) => restoredItem(item, inner));
    else restored[name] = restoredItem(field, inner);
  }
  return restored;
}

function restoredItem(item: unknown, shape: Shape): unknown {
  return typeof item === "object" && item !== null ? withNulls(item, shape) : item;
}
