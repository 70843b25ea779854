/** Bodies of the API, from the examples of its document. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Api } from "@huleedu/bff-client";

const OPENAPI = join(import.meta.dirname, "../../../openapi/gateway.json");

type Document = { components: { schemas: Record<string, { examples?: unknown[] }> } };

const { components } = JSON.parse(readFileSync(OPENAPI, "utf8")) as Document;

/** The first example of a schema. */
export function example<T>(name: string): T {
  const [first] = components.schemas[name]?.examples ?? [];
  if (first === undefined) throw new Error(`${name} has no example`);
  return structuredClone(first) as T;
}

export function batch(fields: Partial<Api.DashboardBatchV1> = {}): Api.DashboardBatchV1 {
  const [first] = example<Api.TeacherClassDashboardV1>("TeacherClassDashboardV1").batches;
  if (!first) throw new Error("the example of the dashboard has no batch");
  return { ...first, ...fields };
}

export const ATTENTION: Api.AttentionV1 = {
  kind: "student_matching",
  pending: 24,
  uncertain: null,
  unmatched: 2,
  auto_confirm_from: "2026-02-08T09:00:00Z",
  auto_confirm_by: "2026-02-08T10:00:00Z",
  confirmed_at: null,
};
