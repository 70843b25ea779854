/** An admin's screens: accounts, settings with their versions, the audit, the overview. */
import createClient from "openapi-fetch";
import { answerOf, askingFetch, keyed, said, valueOf } from "./asking.js";
import type { CallOptions, ClientOptions, WriteOptions } from "./asking.js";
import { freshOr, tagged } from "./etag.js";
import type { Tagged } from "./etag.js";
import type { QueryOf, ThroughGateway } from "./gateway_paths.js";
import type {
  AdminAuditV1,
  AdminNamespacesV1,
  AdminOverviewV1,
  AdminPendingUsersV1,
  AdminSettingsChangeV1,
  AdminSettingsSchemaV1,
  AdminSettingsV1,
  AdminSettingsVersionsV1,
  AdminSettingsVersionV1,
  AdminUserDecisionsV1,
  AdminUserDecisionV1,
  AdminUserDetailV1,
  AdminUsersV1,
  ApproveUserV1,
  DenyUserV1,
  paths,
  SettingsRollbackV1,
  SettingsWriteV1,
  UserDecisionsV1,
} from "./generated/admin.js";

type Paths = ThroughGateway<paths>;
export type UsersQuery = QueryOf<Paths["/bff/v1/admin/users"]>;
export type PendingUsersQuery = QueryOf<Paths["/bff/v1/admin/users/pending"]>;
export type AuditQuery = QueryOf<Paths["/bff/v1/admin/audit"]>;
export type VersionsQuery = QueryOf<Paths["/bff/v1/admin/settings/{namespace}/versions"]>;

/** A write of settings: `etag` is of what was read, so that nobody's change is overwritten. */
export interface SettingsWriteOptions extends WriteOptions {
  readonly etag: string;
  /** Show what would change, and write nothing. */
  readonly dryRun?: boolean | undefined;
}

export interface AdminClient {
  overview(call?: CallOptions): Promise<AdminOverviewV1>;
  users(query?: UsersQuery, call?: CallOptions): Promise<AdminUsersV1>;
  pendingUsers(query?: PendingUsersQuery, call?: CallOptions): Promise<AdminPendingUsersV1>;
  user(userId: string, call?: CallOptions): Promise<AdminUserDetailV1>;
  approveUser(
    userId: string,
    decision: ApproveUserV1,
    call?: WriteOptions,
  ): Promise<AdminUserDecisionV1>;
  denyUser(userId: string, decision: DenyUserV1, call?: WriteOptions): Promise<AdminUserDecisionV1>;
  /** Each item has its own status: one that fails stops no other. */
  decideUsers(decisions: UserDecisionsV1, call?: WriteOptions): Promise<AdminUserDecisionsV1>;
  namespaces(call?: CallOptions): Promise<AdminNamespacesV1>;
  /** With what is known already, the same object comes back when nothing has changed. */
  settings(
    namespace: string,
    known?: Tagged<AdminSettingsV1>,
    call?: CallOptions,
  ): Promise<Tagged<AdminSettingsV1>>;
  settingsSchema(
    namespace: string,
    known?: Tagged<AdminSettingsSchemaV1>,
    call?: CallOptions,
  ): Promise<Tagged<AdminSettingsSchemaV1>>;
  saveSettings(
    namespace: string,
    write: SettingsWriteV1,
    call: SettingsWriteOptions,
  ): Promise<Tagged<AdminSettingsChangeV1>>;
  rollBackSettings(
    namespace: string,
    rollback: SettingsRollbackV1,
    call: SettingsWriteOptions,
  ): Promise<Tagged<AdminSettingsChangeV1>>;
  settingsVersions(
    namespace: string,
    query?: VersionsQuery,
    call?: CallOptions,
  ): Promise<AdminSettingsVersionsV1>;
  settingsVersion(
    namespace: string,
    number: number,
    call?: CallOptions,
  ): Promise<AdminSettingsVersionV1>;
  audit(query?: AuditQuery, call?: CallOptions): Promise<AdminAuditV1>;
  /** The openapi-fetch client underneath; it throws `BffError` too. */
  readonly raw: ReturnType<typeof rawClient>;
}

export function createAdminClient(options: ClientOptions): AdminClient {
  const raw = rawClient(options);
  return {
    raw,
    overview: (call = {}) => valueOf(raw.GET("/bff/v1/admin/overview", said(call))),
    audit: (query = {}, call = {}) =>
      valueOf(raw.GET("/bff/v1/admin/audit", { params: { query }, ...said(call) })),
    ...userCalls(raw),
    ...settingsReads(raw),
    ...settingsWrites(raw),
  };
}

function rawClient(options: ClientOptions) {
  const { baseUrl } = options;
  const fetch = askingFetch({ ...options, keyed: true });
  return createClient<Paths>({ baseUrl, fetch, redirect: "error" });
}

type Raw = ReturnType<typeof rawClient>;
type UserCalls = "users" | "pendingUsers" | "user" | "approveUser" | "denyUser" | "decideUsers";

function userCalls(raw: Raw): Pick<AdminClient, UserCalls> {
  const user = (userId: string) => ({ path: { user_id: userId } });
  return {
    users: (query = {}, call = {}) =>
      valueOf(raw.GET("/bff/v1/admin/users", { params: { query }, ...said(call) })),
    pendingUsers: (query = {}, call = {}) =>
      valueOf(raw.GET("/bff/v1/admin/users/pending", { params: { query }, ...said(call) })),
    user: (userId, call = {}) =>
      valueOf(raw.GET("/bff/v1/admin/users/{user_id}", { params: user(userId), ...said(call) })),
    approveUser: (userId, body, call = {}) =>
      valueOf(
        raw.POST("/bff/v1/admin/users/{user_id}/approve", {
          params: user(userId),
          body,
          headers: keyed(call),
          ...said(call),
        }),
      ),
    denyUser: (userId, body, call = {}) =>
      valueOf(
        raw.POST("/bff/v1/admin/users/{user_id}/deny", {
          params: user(userId),
          body,
          headers: keyed(call),
          ...said(call),
        }),
      ),
    decideUsers: (body, call = {}) => {
      const headers = keyed(call);
      return valueOf(raw.POST("/bff/v1/admin/users/decisions", { body, headers, ...said(call) }));
    },
  };
}

type SettingsReads =
  | "namespaces"
  | "settings"
  | "settingsSchema"
  | "settingsVersions"
  | "settingsVersion";

function settingsReads(raw: Raw): Pick<AdminClient, SettingsReads> {
  const unless = <T>(namespace: string, known?: Tagged<T>) => ({
    path: { namespace },
    header: known ? { "If-None-Match": known.etag } : {},
  });
  return {
    namespaces: (call = {}) => valueOf(raw.GET("/bff/v1/admin/settings", said(call))),
    settings: async (namespace, known, call = {}) => {
      const params = unless(namespace, known);
      const path = "/bff/v1/admin/settings/{namespace}";
      return freshOr(known, await answerOf(raw.GET(path, { params, ...said(call) })));
    },
    settingsSchema: async (namespace, known, call = {}) => {
      const params = unless(namespace, known);
      const path = "/bff/v1/admin/settings/{namespace}/schema";
      return freshOr(known, await answerOf(raw.GET(path, { params, ...said(call) })));
    },
    settingsVersions: (namespace, query = {}, call = {}) =>
      valueOf(
        raw.GET("/bff/v1/admin/settings/{namespace}/versions", {
          params: { path: { namespace }, query },
          ...said(call),
        }),
      ),
    settingsVersion: (namespace, number, call = {}) =>
      valueOf(
        raw.GET("/bff/v1/admin/settings/{namespace}/versions/{number}", {
          params: { path: { namespace, number } },
          ...said(call),
        }),
      ),
  };
}

function settingsWrites(raw: Raw): Pick<AdminClient, "saveSettings" | "rollBackSettings"> {
  const params = (namespace: string, call: SettingsWriteOptions) => ({
    path: { namespace },
    header: { "If-Match": call.etag },
    query: call.dryRun === undefined ? {} : { dry_run: call.dryRun },
  });
  return {
    saveSettings: async (namespace, body, call) => {
      const given = { params: params(namespace, call), headers: keyed(call), ...said(call) };
      const path = "/bff/v1/admin/settings/{namespace}";
      return tagged(await answerOf(raw.PUT(path, { body, ...given })));
    },
    rollBackSettings: async (namespace, body, call) => {
      const given = { params: params(namespace, call), headers: keyed(call), ...said(call) };
      const path = "/bff/v1/admin/settings/{namespace}/rollback";
      return tagged(await answerOf(raw.POST(path, { body, ...given })));
    },
  };
}
