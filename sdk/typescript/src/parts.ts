/** Parts of a screen: `stale` is older than its operation declares because the service fails. */
import { BffError } from "./errors.js";
import type { PartV1 } from "./generated/api.js";
import type { PartName } from "./generated/names.js";

export type { PartName, PartV1 };

/** A screen with parts. */
export interface HasParts {
  /** Every part that is switched on, with its status. */
  readonly parts: readonly PartV1[];
}

/** A part whose service fails. */
export interface FailingPart {
  /** Name of the part. */
  readonly name: PartName | (string & {});
  /** `required`: the whole screen is an error because of it. */
  readonly status: "stale" | "missing" | "required";
  /** Error code; null for a stale part. */
  readonly code: string | null;
  /** Age of a stale part, in seconds. */
  readonly ageSeconds: number | null;
}

/** The parts that are stale or missing, with their error codes. */
export function incompleteParts(screen: HasParts): PartV1[] {
  return screen.parts.filter((part) => part.status !== "ok");
}

/** The failing parts of a screen, or the one that made it an error. */
export function failingParts(result: HasParts | BffError): FailingPart[] {
  if (result instanceof BffError) {
    const { part: name, code } = result;
    return name === undefined ? [] : [{ name, status: "required", code, ageSeconds: null }];
  }
  return result.parts.flatMap(({ name, status, code, age_seconds: ageSeconds }) =>
    status === "ok" ? [] : [{ name, status, code, ageSeconds }],
  );
}

/** One part by name; undefined when the screen has none, as when it is switched off. */
export function partOf(screen: HasParts, name: PartName | (string & {})): PartV1 | undefined {
  return screen.parts.find((part) => part.name === name);
}

/** The part names in the header `X-Parts-Incomplete`. */
export function incompletePartNames(headers: Headers): string[] {
  const names = (headers.get("X-Parts-Incomplete") ?? "").split(",");
  return names.map((name) => name.trim()).filter((name) => name !== "");
}
