import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import type { z } from "zod";
import * as schemas from "@huleedu/bff-client/schemas";

const OPENAPI = new URL("../../../../openapi/gateway.json", import.meta.url);

interface Document {
  readonly components: { readonly schemas: Record<string, { readonly examples?: unknown[] }> };
}

test("every example of the document passes its schema", async () => {
  const document = JSON.parse(await readFile(OPENAPI, "utf8")) as Document;
  const named = schemas as Record<string, z.ZodType>;
  let checked = 0;

  for (const [name, { examples = [] }] of Object.entries(document.components.schemas)) {
    for (const example of examples) {
      assert.deepEqual(named[name]?.parse(example), example, name);
      checked += 1;
    }
  }

  assert.ok(checked > 20);
});

test("a missing field and a null where none may be are refused, an added field is dropped", () => {
  const part = { name: "text", status: "ok", age_seconds: 1.5, code: null };

  assert.deepEqual(schemas.PartV1.parse({ ...part, added: 1 }), part);
  assert.equal(schemas.PartV1.safeParse({ ...part, status: null }).success, false);
  assert.equal(schemas.PartV1.safeParse({ name: "text", status: "ok", code: null }).success, false);
});
