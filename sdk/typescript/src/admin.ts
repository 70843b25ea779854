/** Client of the admin screens: accounts, credits, versioned settings, audit, overview. */
import createClient from "openapi-fetch";
import {
  unwrapWithResponse,
  createFetch,
  requireCredentials,
  requestOptions,
  unwrap,
} from "./request.js";
import type { CallOptions, ClientOptions, WriteOptions } from "./request.js";
import { iterations } from "./admin_lists.js";
import { revalidated, withETag } from "./etag.js";
import type { WithETag } from "./etag.js";
import type { QueryOf, GatewayPaths } from "./gateway_paths.js";
import type {
  AdjustCreditsV1,
  AdminAuditV1,
  AdminCreditChangeV1,
  AdminCreditsV1,
  AdminInvitationV1,
  AdminNamespacesV1,
  AdminOverviewV1,
  AdminProfileV1,
  AdminPendingUsersV1,
  AdminSettingsChangeV1,
  AdminSettingsSchemaV1,
  AdminSettingsV1,
  AdminSettingsVersionsV1,
  AdminSettingsVersionSummaryV1,
  AdminSettingsVersionV1,
  AdminUserDecisionsV1,
  AdminUserDecisionV1,
  AdminUserDetailV1,
  AdminUsersV1,
  AdminUserV1,
  ApproveUserV1,
  AuditEntryV1,
  DeactivateUserV1,
  DenyUserV1,
  InviteUserV1,
  paths,
  SetCreditsV1,
  SettingsRollbackV1,
  SettingsWriteV1,
  UserDecisionsV1,
} from "./generated/api.js";

type Paths = GatewayPaths<paths>;
/** Filter and page of the accounts. */
export type UsersQuery = QueryOf<Paths["/bff/v1/admin/users"]>;
/** Filter and page of the accounts that wait. */
export type PendingUsersQuery = QueryOf<Paths["/bff/v1/admin/users/pending"]>;
/** Filter and page of the audit. */
export type AuditQuery = QueryOf<Paths["/bff/v1/admin/audit"]>;
/** Page of the versions of a namespace. */
export type VersionsQuery = QueryOf<Paths["/bff/v1/admin/settings/{namespace}/versions"]>;

/** Options of a settings write: `etag` of the read, so that no other change is overwritten. */
export interface SettingsWriteOptions extends WriteOptions {
  /** Version that the change is based on. */
  readonly etag: string;
  /** Return the difference and write nothing. */
  readonly dryRun?: boolean | undefined;
}

/** The admin screens. */
export interface AdminClient {
  /** The signed-in admin. */
  me(call?: CallOptions): Promise<AdminProfileV1>;
  /** Pending accounts, recent changes and the health of the services. */
  overview(call?: CallOptions): Promise<AdminOverviewV1>;
  /** A page of accounts. */
  users(query?: UsersQuery, call?: CallOptions): Promise<AdminUsersV1>;
  /** All accounts; reads page after page as you iterate. */
  eachUser(
    query?: Omit<UsersQuery, "cursor">,
    call?: CallOptions,
  ): AsyncGenerator<AdminUserV1, void, undefined>;
  /** A page of the accounts that wait for approval, longest waiting first. */
  pendingUsers(query?: PendingUsersQuery, call?: CallOptions): Promise<AdminPendingUsersV1>;
  /** All accounts that wait for approval; reads page after page as you iterate. */
  eachPendingUser(
    query?: Omit<PendingUsersQuery, "cursor">,
    call?: CallOptions,
  ): AsyncGenerator<AdminUserV1, void, undefined>;
  /** One account with the decisions on it. */
  user(userId: string, call?: CallOptions): Promise<AdminUserDetailV1>;
  /** Lets a person in; `expected_version` is the version that the admin has seen. */
  approveUser(
    userId: string,
    decision: ApproveUserV1,
    call?: WriteOptions,
  ): Promise<AdminUserDecisionV1>;
  /** Keeps a person out, or ends their access. */
  denyUser(userId: string, decision: DenyUserV1, call?: WriteOptions): Promise<AdminUserDecisionV1>;
  /** Takes an approved person's access until further notice. */
  deactivateUser(
    userId: string,
    decision: DeactivateUserV1,
    call?: WriteOptions,
  ): Promise<AdminUserDecisionV1>;
  /** Gives a deactivated person their access back. */
  reactivateUser(
    userId: string,
    decision: DeactivateUserV1,
    call?: WriteOptions,
  ): Promise<AdminUserDecisionV1>;
  /** Makes an approved account in the admin's organisation; its person gets a mail. */
  inviteUser(person: InviteUserV1, call?: WriteOptions): Promise<AdminInvitationV1>;
  /** Decides on several accounts. Each item has its own status; a failed item does not stop the others. */
  decideUsers(decisions: UserDecisionsV1, call?: WriteOptions): Promise<AdminUserDecisionsV1>;
  /** The credits of a teacher. */
  credits(userId: string, call?: CallOptions): Promise<AdminCreditsV1>;
  /** Adds to the balance. When the outcome is unknown, repeat it with the key of the error. */
  adjustCredits(
    userId: string,
    change: AdjustCreditsV1,
    call?: WriteOptions,
  ): Promise<AdminCreditChangeV1>;
  /** Replaces the balance; a repeat replaces it again. */
  setCredits(
    userId: string,
    change: SetCreditsV1,
    call?: CallOptions,
  ): Promise<AdminCreditChangeV1>;
  /** The namespaces of settings and their versions. */
  namespaces(call?: CallOptions): Promise<AdminNamespacesV1>;
  /** The settings of a namespace; the same object as `known` when nothing has changed. */
  settings(
    namespace: string,
    known?: WithETag<AdminSettingsV1>,
    call?: CallOptions,
  ): Promise<WithETag<AdminSettingsV1>>;
  /** JSON Schema of a namespace; the same object as `known` when nothing has changed. */
  settingsSchema(
    namespace: string,
    known?: WithETag<AdminSettingsSchemaV1>,
    call?: CallOptions,
  ): Promise<WithETag<AdminSettingsSchemaV1>>;
  /** Replaces the settings of a namespace. */
  saveSettings(
    namespace: string,
    write: SettingsWriteV1,
    call: SettingsWriteOptions,
  ): Promise<WithETag<AdminSettingsChangeV1>>;
  /** Restores an earlier version as a new one. */
  rollBackSettings(
    namespace: string,
    rollback: SettingsRollbackV1,
    call: SettingsWriteOptions,
  ): Promise<WithETag<AdminSettingsChangeV1>>;
  /** A page of the versions of a namespace, newest first. */
  settingsVersions(
    namespace: string,
    query?: VersionsQuery,
    call?: CallOptions,
  ): Promise<AdminSettingsVersionsV1>;
  /** All versions of a namespace, newest first; reads page after page as you iterate. */
  eachSettingsVersion(
    namespace: string,
    query?: Omit<VersionsQuery, "before">,
    call?: CallOptions,
  ): AsyncGenerator<AdminSettingsVersionSummaryV1, void, undefined>;
  /** One version of a namespace. */
  settingsVersion(
    namespace: string,
    number: number,
    call?: CallOptions,
  ): Promise<AdminSettingsVersionV1>;
  /** A page of the audit, newest first. */
  audit(query?: AuditQuery, call?: CallOptions): Promise<AdminAuditV1>;
  /** The whole audit, newest first; reads page after page as you iterate. */
  eachAuditEntry(
    query?: Omit<AuditQuery, "cursor">,
    call?: CallOptions,
  ): AsyncGenerator<AuditEntryV1, void, undefined>;
  /** The underlying openapi-fetch client; it throws `BffError` too. */
  readonly raw: ReturnType<typeof rawClient>;
}

/** Makes the client of the admin screens. */
export function createAdminClient(options: ClientOptions): AdminClient {
  const raw = rawClient(options);
  const screens = {
    ...overviewMethods(raw),
    ...userReads(raw),
    ...userWrites(raw),
    ...creditMethods(raw),
    ...settingsReads(raw),
    ...settingsWrites(raw),
  };
  return { raw, ...screens, ...iterations(screens) };
}

function rawClient(options: ClientOptions) {
  const { baseUrl } = options;
  const fetch = createFetch({ ...requireCredentials(options), idempotencyKeys: true });
  return createClient<Paths>({ baseUrl, fetch, redirect: "error" });
}

type RawClient = ReturnType<typeof rawClient>;
type OverviewMethods = "me" | "overview" | "audit";

function overviewMethods(raw: RawClient): Pick<AdminClient, OverviewMethods> {
  return {
    me: (call = {}) => unwrap(raw.GET("/bff/v1/admin/me", requestOptions(call))),
    overview: (call = {}) => unwrap(raw.GET("/bff/v1/admin/overview", requestOptions(call))),
    audit: (query = {}, call = {}) =>
      unwrap(raw.GET("/bff/v1/admin/audit", { params: { query }, ...requestOptions(call) })),
  };
}

type UserReads = "users" | "pendingUsers" | "user";

function userReads(raw: RawClient): Pick<AdminClient, UserReads> {
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
  };
}

type UserWrites =
  | "approveUser"
  | "denyUser"
  | "deactivateUser"
  | "reactivateUser"
  | "inviteUser"
  | "decideUsers";

function userWrites(raw: RawClient): Pick<AdminClient, UserWrites> {
  const user = (userId: string) => ({ path: { user_id: userId } });
  return {
    approveUser: (userId, body, call = {}) =>
      unwrap(
        raw.POST("/bff/v1/admin/users/{user_id}/approve", {
          params: user(userId),
          body,
          ...requestOptions(call),
        }),
      ),
    denyUser: (userId, body, call = {}) =>
      unwrap(
        raw.POST("/bff/v1/admin/users/{user_id}/deny", {
          params: user(userId),
          body,
          ...requestOptions(call),
        }),
      ),
    deactivateUser: (userId, body, call = {}) =>
      unwrap(
        raw.POST("/bff/v1/admin/users/{user_id}/deactivate", {
          params: user(userId),
          body,
          ...requestOptions(call),
        }),
      ),
    reactivateUser: (userId, body, call = {}) =>
      unwrap(
        raw.POST("/bff/v1/admin/users/{user_id}/reactivate", {
          params: user(userId),
          body,
          ...requestOptions(call),
        }),
      ),
    inviteUser: (body, call = {}) =>
      unwrap(raw.POST("/bff/v1/admin/users/invite", { body, ...requestOptions(call) })),
    decideUsers: (body, call = {}) =>
      unwrap(raw.POST("/bff/v1/admin/users/decisions", { body, ...requestOptions(call) })),
  };
}

function creditMethods(
  raw: RawClient,
): Pick<AdminClient, "credits" | "adjustCredits" | "setCredits"> {
  const user = (userId: string) => ({ path: { user_id: userId } });
  return {
    credits: (userId, call = {}) =>
      unwrap(
        raw.GET("/bff/v1/admin/credits/{user_id}", {
          params: user(userId),
          ...requestOptions(call),
        }),
      ),
    adjustCredits: (userId, body, call = {}) =>
      unwrap(
        raw.POST("/bff/v1/admin/credits/{user_id}/adjust", {
          params: user(userId),
          body,
          ...requestOptions(call),
        }),
      ),
    setCredits: (userId, body, call = {}) =>
      unwrap(
        raw.POST("/bff/v1/admin/credits/{user_id}/set", {
          params: user(userId),
          body,
          ...requestOptions(call),
        }),
      ),
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
        ...requestOptions(call),
      };
      const path = "/bff/v1/admin/settings/{namespace}";
      return withETag(await unwrapWithResponse(raw.PUT(path, { body, ...request })));
    },
    rollBackSettings: async (namespace, body, call) => {
      const request = {
        params: params(namespace, call),
        ...requestOptions(call),
      };
      const path = "/bff/v1/admin/settings/{namespace}/rollback";
      return withETag(await unwrapWithResponse(raw.POST(path, { body, ...request })));
    },
  };
}
