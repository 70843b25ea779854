/** Iterates over the lists of the admin screens. */
import type { AdminClient } from "./admin.js";
import type { AdminSettingsVersionSummaryV1, AdminUserV1, AuditEntryV1 } from "./generated/api.js";
import { eachByCursor } from "./pages.js";

type Iterations = "eachUser" | "eachPendingUser" | "eachAuditEntry" | "eachSettingsVersion";
type Pages = Pick<AdminClient, "users" | "pendingUsers" | "audit" | "settingsVersions">;

/** The lists of the admin screens, item by item. */
export function iterations(pages: Pages): Pick<AdminClient, Iterations> {
  return {
    eachUser: (query = {}, call = {}) =>
      eachByCursor<AdminUserV1, string>(async (cursor) => {
        const page = await pages.users(cursor === undefined ? query : { ...query, cursor }, call);
        return { items: page.users, next: page.next_cursor };
      }),
    eachPendingUser: (query = {}, call = {}) =>
      eachByCursor<AdminUserV1, string>(async (cursor) => {
        const from = cursor === undefined ? query : { ...query, cursor };
        const page = await pages.pendingUsers(from, call);
        return { items: page.users, next: page.next_cursor };
      }),
    eachAuditEntry: (query = {}, call = {}) =>
      eachByCursor<AuditEntryV1, string>(async (cursor) => {
        const page = await pages.audit(cursor === undefined ? query : { ...query, cursor }, call);
        return { items: page.entries, next: page.next_cursor };
      }),
    eachSettingsVersion: (namespace, query = {}, call = {}) =>
      eachByCursor<AdminSettingsVersionSummaryV1, number>(async (before) => {
        const from = before === undefined ? query : { ...query, before };
        const page = await pages.settingsVersions(namespace, from, call);
        return { items: page.versions, next: page.next_before };
      }),
  };
}
