/** What an answer says of its parts: optional ones may be old or missing, and it tells. */
import type { PartV1 } from "./generated/teacher.js";

export type { PartV1 };

/** Whatever has parts: every screen's answer. */
export interface HasParts {
  readonly parts: readonly PartV1[];
}

/** The parts that are stale or missing, and why; none when all is well. */
export function incompleteParts(answer: HasParts): PartV1[] {
  return answer.parts.filter((part) => part.status !== "ok");
}

/** How one part is doing; undefined when the answer has no such part, as when it is switched off. */
export function partOf(answer: HasParts, name: string): PartV1 | undefined {
  return answer.parts.find((part) => part.name === name);
}

/** The names in `X-Parts-Incomplete`, for whoever has only the headers. */
export function incompleteNames(headers: Headers): string[] {
  const names = (headers.get("X-Parts-Incomplete") ?? "").split(",");
  return names.map((name) => name.trim()).filter((name) => name !== "");
}
