/** Parts of a screen: `stale` is older than its operation declares because the service fails. */
import type { PartV1 } from "./generated/api.js";

export type { PartV1 };

/** A screen with parts. */
export interface HasParts {
  readonly parts: readonly PartV1[];
}

/** The parts that are stale or missing, with their error codes. */
export function incompleteParts(screen: HasParts): PartV1[] {
  return screen.parts.filter((part) => part.status !== "ok");
}

/** One part by name; undefined when the screen has none, as when it is switched off. */
export function partOf(screen: HasParts, name: string): PartV1 | undefined {
  return screen.parts.find((part) => part.name === name);
}

/** The part names in the header `X-Parts-Incomplete`. */
export function incompletePartNames(headers: Headers): string[] {
  const names = (headers.get("X-Parts-Incomplete") ?? "").split(",");
  return names.map((name) => name.trim()).filter((name) => name !== "");
}
