/** JSON values: comparison, places by JSON pointer, and copies with a change. */

export type Values = Readonly<Record<string, unknown>>;
export type Path = readonly (string | number)[];

/** A place where two values differ; undefined where it is absent. */
export type Change = {
  readonly path: Path;
  readonly before: unknown;
  readonly after: unknown;
};

export function isObject(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isEqual(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((one, at) => isEqual(one, right[at]));
  }
  if (isObject(left) && isObject(right)) {
    const names = Object.keys(left);
    return (
      names.length === Object.keys(right).length &&
      names.every((name) => name in right && isEqual(left[name], right[name]))
    );
  }
  return Object.is(left, right);
}

/** The differences, object by object; a list that differs is one difference. */
export function changesBetween(before: unknown, after: unknown, path: Path = []): Change[] {
  if (isObject(before) && isObject(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) => changesBetween(before[name], after[name], [...path, name]));
  }
  return isEqual(before, after) ? [] : [{ path, before, after }];
}

/** The value at a place; undefined where there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, step) => {
    if (Array.isArray(inner)) return inner[Number(step)];
    return isObject(inner) ? inner[step] : undefined;
  }, value);
}

/** A copy with another value at a place; undefined removes the name. */
export function withValueAt(value: unknown, path: Path, wanted: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return wanted;
  if (Array.isArray(value)) {
    return value.map((one, at) => (at === step ? withValueAt(one, rest, wanted) : one));
  }
  const object = isObject(value) ? value : {};
  const inner = withValueAt(object[step], rest, wanted);
  if (inner !== undefined) return { ...object, [step]: inner };
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== String(step)));
}

export function pointerOf(path: Path): string {
  const escaped = path.map((step) => String(step).replace(/~/g, "~0").replace(/\//g, "~1"));
  return escaped.map((step) => `/${step}`).join("");
}

export function pathOf(pointer: string): string[] {
  const steps = pointer.split("/").slice(1);
  return steps.map((step) => step.replace(/~1/g, "/").replace(/~0/g, "~"));
}
