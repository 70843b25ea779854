import assert from "node:assert/strict";
import { test } from "node:test";
import { applyMergePatch } from "#internal/merge_patch.js";
import type { Json } from "#internal/merge_patch.js";

// The examples of RFC 7396, appendix A.
const EXAMPLES: [Json, Json, Json][] = [
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b" }, { a: null }, {}],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [
    ["a", "b"],
    ["c", "d"],
    ["c", "d"],
  ],
  [{ a: "b" }, ["c"], ["c"]],
  [{ a: "foo" }, null, null],
  [{ a: "foo" }, "bar", "bar"],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: "b", c: null }, { a: "b" }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

test("the examples of RFC 7396 hold, and the target is not modified", () => {
  for (const [target, patch, result] of EXAMPLES) {
    const before = structuredClone(target);

    assert.deepEqual(applyMergePatch(target, patch), result);
    assert.deepEqual(target, before);
  }
});

test("a field called __proto__ is an ordinary field", () => {
  const patch = JSON.parse('{"__proto__": {"admin": true}}') as Json;

  const merged = applyMergePatch({ a: 1 }, patch) as object;

  assert.equal((merged as { admin?: boolean }).admin, undefined);
  assert.deepEqual(Object.keys(merged), ["a", "__proto__"]);
});
