/** Reads of the overview and of the audit. */
import type { AuditQuery } from "@huleedu/bff-client";
import { AdminAuditV1, AdminOverviewV1 } from "@huleedu/bff-client/schemas";
import type { z } from "zod";
import { getWithValidation } from "@/lib/api-client";
import { adminClient } from "@/services/admin";

export type Overview = z.infer<typeof AdminOverviewV1>;
export type ServiceHealth = Overview["services"][number];
export type EventsConsumer = NonNullable<Overview["events"]>;
export type AuditEntry = z.infer<typeof AdminAuditV1>["entries"][number];

export function readOverview(signal: AbortSignal) {
  return getWithValidation(AdminOverviewV1, adminClient.overview({ signal }));
}

export function readAudit(query: AuditQuery, signal: AbortSignal) {
  return getWithValidation(AdminAuditV1, adminClient.audit(query, { signal }));
}
