/** Differences between settings, and the merge of two changes. */
import { describe, expect, it } from "vitest";
import { changesBetween, isEqual, pathOf, pointerOf, withValueAt } from "@/utils/json-values";
import { mergedValues, mergeRows, sideOf } from "@/utils/settings-merge";

const BEFORE = { a: 1, b: { c: true, d: "x" }, e: [1, 2] };

describe("a difference", () => {
  it("is found object by object, and a list as a whole", () => {
    const after = { a: 1, b: { c: false, d: "x" }, e: [2, 1], f: null };

    expect(changesBetween(BEFORE, after)).toEqual([
      { path: ["b", "c"], before: true, after: false },
      { path: ["e"], before: [1, 2], after: [2, 1] },
      { path: ["f"], before: undefined, after: null },
    ]);
  });

  it("is not the order of names", () => {
    expect(isEqual({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(true);
    expect(isEqual([1, 2], [2, 1])).toBe(false);
    expect(isEqual({}, [])).toBe(false);
    expect(isEqual({ a: undefined }, {})).toBe(false);
  });

  it("put back gives the other value, and leaves the first as it was", () => {
    const after = { a: 2, b: { d: "y" }, e: [] };

    const rebuilt = changesBetween(BEFORE, after).reduce<unknown>(
      (values, change) => withValueAt(values, change.path, change.after),
      BEFORE,
    );

    expect(rebuilt).toEqual(after);
    expect(BEFORE.b).toEqual({ c: true, d: "x" });
  });

  it("has a pointer that leads back to its place", () => {
    const path = ["a/b", "c~d", "0"];

    expect(pointerOf(path)).toBe("/a~1b/c~0d/0");
    expect(pathOf(pointerOf(path))).toEqual(path);
    expect(pathOf("")).toEqual([]);
  });
});

describe("two changes of the same settings", () => {
  const mine = { a: 2, b: { c: false, d: "x" }, e: [1, 2, 3] };
  const theirs = { a: 3, b: { c: false, d: "z" }, e: [1, 2] };

  it("are told apart by who changed a place", () => {
    const rows = mergeRows(BEFORE, mine, theirs);

    expect(rows.map(({ pointer, changedBy }) => [pointer, changedBy])).toEqual([
      ["/a", "both"],
      ["/b/c", "same"],
      ["/e", "mine"],
      ["/b/d", "theirs"],
    ]);
  });

  it("leave the place that both changed to be chosen", () => {
    const [both, ...others] = mergeRows(BEFORE, mine, theirs);

    expect(both && sideOf(both, {})).toBeUndefined();
    expect(others.map((row) => sideOf(row, {}))).toEqual(["theirs", "mine", "theirs"]);
  });

  it.each([
    ["mine", { a: 2, b: { c: false, d: "z" }, e: [1, 2, 3] }],
    ["theirs", { a: 3, b: { c: false, d: "z" }, e: [1, 2, 3] }],
  ] as const)("merge with %s of it", (side, merged) => {
    const rows = mergeRows(BEFORE, mine, theirs);

    expect(mergedValues(theirs, rows, { "/a": side })).toEqual(merged);
  });

  it("can be chosen against the only one who changed a place", () => {
    const rows = mergeRows(BEFORE, mine, theirs);

    const values = mergedValues(theirs, rows, { "/a": "mine", "/e": "theirs", "/b/d": "mine" });

    expect(values).toEqual({ a: 2, b: { c: false, d: "x" }, e: [1, 2] });
  });

  it("merge where one removed what the other changed inside", () => {
    const rows = mergeRows(BEFORE, { a: 1, e: [1, 2] }, theirs);

    expect(rows.map(({ pointer, changedBy }) => [pointer, changedBy])).toEqual([
      ["/b", "both"],
      ["/a", "theirs"],
    ]);
    expect(mergedValues(theirs, rows, { "/b": "mine" })).toEqual({ a: 3, e: [1, 2] });
  });
});
