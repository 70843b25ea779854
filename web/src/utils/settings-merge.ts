/** Two changes of the same settings, side by side, and their merge. */
import { changesBetween, isEqual, pointerOf, valueAt, withValueAt } from "@/utils/json-values";
import type { Path, Values } from "@/utils/json-values";

export type Side = "mine" | "theirs";

/** A place that somebody has changed; values are undefined where the place is absent. */
export type MergeRow = {
  readonly pointer: string;
  readonly path: Path;
  readonly before: unknown;
  readonly mine: unknown;
  readonly theirs: unknown;
  /** `both` has to be chosen; `same` was changed alike. */
  readonly changedBy: Side | "both" | "same";
};
export type Choices = Readonly<Record<string, Side>>;

/** The places that differ from what both started with, in the order of `mine`. */
export function mergeRows(before: Values, mine: Values, theirs: Values): MergeRow[] {
  const changed = [...changesBetween(before, mine), ...changesBetween(before, theirs)];
  const paths = new Map(changed.map(({ path }) => [pointerOf(path), path]));
  const isInside = (pointer: string) =>
    [...paths.keys()].some((outer) => pointer.startsWith(`${outer}/`));
  const outermost = [...paths].filter(([pointer]) => !isInside(pointer));
  return outermost.map(([pointer, path]) => {
    const [was, own, other] = [before, mine, theirs].map((one) => valueAt(one, path));
    return { pointer, path, before: was, mine: own, theirs: other, changedBy: by(was, own, other) };
  });
}

function by(before: unknown, mine: unknown, theirs: unknown): MergeRow["changedBy"] {
  if (isEqual(mine, theirs)) return "same";
  if (isEqual(before, theirs)) return "mine";
  return isEqual(before, mine) ? "theirs" : "both";
}

/** The side of each row: as chosen, else that of the only one who changed it. */
export function sideOf(row: MergeRow, choices: Choices): Side | undefined {
  const chosen = choices[row.pointer];
  if (chosen) return chosen;
  if (row.changedBy === "both") return undefined;
  return row.changedBy === "mine" ? "mine" : "theirs";
}

/** Their values with what is taken from mine. */
export function mergedValues(theirs: Values, rows: readonly MergeRow[], choices: Choices): Values {
  const taken = rows.filter((row) => sideOf(row, choices) === "mine");
  return taken.reduce<unknown>(
    (values, row) => withValueAt(values, row.path, row.mine),
    theirs,
  ) as Values;
}
