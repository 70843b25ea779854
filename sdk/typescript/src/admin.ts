/** Client of the admin screens: accounts, versioned settings, audit, overview. */
import createClient from "openapi-fetch";
import {
  unwrapWithResponse,
  createFetch,
  idempotencyHeaders,
  requestOptions,
  unwrap,
} from "./request.js";
import type { CallOptions, ClientOptions, WriteOptions } from "./request.js";
import { revalidated, withETag } from "./etag.js";
import type { WithETag } from "./etag.js";
import type { QueryOf, GatewayPaths } from "./gateway_paths.js";
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
} from "./generated/api.js";

type Paths = GatewayPaths<paths>;
export type UsersQuery = QueryOf<Paths["/bff/v1/admin/users"]>;
export type PendingUsersQuery = QueryOf<Paths["/bff/v1/admin/users/pending"]>;
export type AuditQuery = QueryOf<Paths["/bff/v1/admin/audit"]>;
export type VersionsQuery = QueryOf<Paths["/bff/v1/admin/settings/{namespace}/versions"]>;

/** Options of a settings write: `etag` of the read, so that no other change is overwritten. */
export interface SettingsWriteOptions extends WriteOptions {
  readonly etag: string;
  /** Return the difference and write nothing. */
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
  /** Each item has its own status; a failed item does not stop the others. */
  decideUsers(decisions: UserDecisionsV1, call?: WriteOptions): Promise<AdminUserDecisionsV1>;
  namespaces(call?: CallOptions): Promise<AdminNamespacesV1>;
  /** Given the `known` value, resolves to the same object when nothing has changed. */
  settings(
    namespace: string,
    known?: WithETag<AdminSettingsV1>,
    call?: CallOptions,
  ): Promise<WithETag<AdminSettingsV1>>;
  settingsSchema(
    namespace: string,
    known?: WithETag<AdminSettingsSchemaV1>,
    call?: CallOptions,
  ): Promise<WithETag<AdminSettingsSchemaV1>>;
  saveSettings(
    namespace: string,
    write: SettingsWriteV1,
    call: SettingsWriteOptions,
  ): Promise<WithETag<AdminSettingsChangeV1>>;
  rollBackSettings(
    namespace: string,
    rollback: SettingsRollbackV1,
    call: SettingsWriteOptions,
  ): Promise<WithETag<AdminSettingsChangeV1>>;
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
  /** The underlying openapi-fetch client; it throws `BffError` too. */
  readonly raw: ReturnType<typeof rawClient>;
}

export function createAdminClient(options: ClientOptions): AdminClient {
  const raw = rawClient(options);
  return {
    raw,
    overview: (call = {}) => unwrap(raw.GET("/bff/v1/admin/overview", requestOptions(call))),
    audit: (query = {}, call = {}) =>
      unwrap(raw.GET("/bff/v1/admin/audit", { params: { query }, ...requestOptions(call) })),
    ...userMethods(raw),
    ...settingsReads(raw),
    ...settingsWrites(raw),
  };
}

function rawClient(options: ClientOptions) {
  const { baseUrl } = options;
  const fetch = createFetch({ ...options, idempotencyKeys: true });
  return createClient<Paths>({ baseUrl, fetch, redirect: "error" });
}

type RawClient = ReturnType<typeof rawClient>;
type UserMethods = "users" | "pendingUsers" | "user" | "approveUser" | "denyUser" | "decideUsers";

function userMethods(raw: RawClient): Pick<AdminClient, UserMethods> {
  const user = (userId: string) => ({ path: { user_id: userId } });
  return {
    users: (query = {}, call = {}) =>
      unwrap(raw.GET("/bff/v1/admin/users", { params: { query }, ...requestOptions(call) })),
    pendingUsers: (query = {}, call = {}) =>
      unwrap(
        raw.GET("/bff/v1/admin/users/pending", { params: { query }, ...requestOptions(call) }),
      ),
    user: (userId, call = {}) =>
      unwrap(
        raw.GET("/bff/v1/admin/users/{user_id}", { params: user(userId), ...requestOptions(call) }),
      ),
    approveUser: (userId, body, call = {}) =>
      unwrap(
        raw.POST("/bff/v1/admin/users/{user_id}/approve", {
          params: user(userId),
          body,
          headers: idempotencyHeaders(call),
          ...requestOptions(call),
        }),
      ),
    denyUser: (userId, body, call = {}) =>
      unwrap(
        raw.POST("/bff/v1/admin/users/{user_id}/deny", {
          params: user(userId),
          body,
          headers: idempotencyHeaders(call),
          ...requestOptions(call),
        }),
      ),
    decideUsers: (body, call = {}) => {
      const headers = idempotencyHeaders(call);
      return unwrap(
        raw.POST("/bff/v1/admin/users/decisions", { body, headers, ...requestOptions(call) }),
      );
    },
  };
}

type SettingsReads =
  | "namespaces"
  | "settings"
  | "settingsSchema"
  | "settingsVersions"
  | "settingsVersion";

function settingsReads(raw: RawClient): Pick<AdminClient, SettingsReads> {
  const conditional = <T>(namespace: string, known?: WithETag<T>) => ({
    path: { namespace },
    header: known ? { "If-None-Match": known.etag } : {},
  });
  return {
    namespaces: (call = {}) => unwrap(raw.GET("/bff/v1/admin/settings", requestOptions(call))),
    settings: async (namespace, known, call = {}) => {
      const params = conditional(namespace, known);
      const path = "/bff/v1/admin/settings/{namespace}";
      return revalidated(
        known,
        await unwrapWithResponse(raw.GET(path, { params, ...requestOptions(call) })),
      );
    },
    settingsSchema: async (namespace, known, call = {}) => {
      const params = conditional(namespace, known);
      const path = "/bff/v1/admin/settings/{namespace}/schema";
      return revalidated(
        known,
        await unwrapWithResponse(raw.GET(path, { params, ...requestOptions(call) })),
      );
    },
    settingsVersions: (namespace, query = {}, call = {}) =>
      unwrap(
        raw.GET("/bff/v1/admin/settings/{namespace}/versions", {
          params: { path: { namespace }, query },
          ...requestOptions(call),
        }),
      ),
    settingsVersion: (namespace, number, call = {}) =>
      unwrap(
        raw.GET("/bff/v1/admin/settings/{namespace}/versions/{number}", {
          params: { path: { namespace, number } },
          ...requestOptions(call),
        }),
      ),
  };
}

function settingsWrites(raw: RawClient): Pick<AdminClient, "saveSettings" | "rollBackSettings"> {
  const params = (namespace: string, call: SettingsWriteOptions) => ({
    path: { namespace },
    header: { "If-Match": call.etag },
    query: call.dryRun === undefined ? {} : { dry_run: call.dryRun },
  });
  return {
    saveSettings: async (namespace, body, call) => {
      const request = {
        params: params(namespace, call),
        headers: idempotencyHeaders(call),
        ...requestOptions(call),
      };
      const path = "/bff/v1/admin/settings/{namespace}";
      return withETag(await unwrapWithResponse(raw.PUT(path, { body, ...request })));
    },
    rollBackSettings: async (namespace, body, call) => {
      const request = {
        params: params(namespace, call),
        headers: idempotencyHeaders(call),
        ...requestOptions(call),
      };
      const path = "/bff/v1/admin/settings/{namespace}/rollback";
      return withETag(await unwrapWithResponse(raw.POST(path, { body, ...request })));
    },
  };
}
