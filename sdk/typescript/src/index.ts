/** The public API. */
export type * as Api from "./generated/api.js";

export { createAdminClient } from "./admin.js";
export type {
  AdminClient,
  AuditQuery,
  PendingUsersQuery,
  SettingsWriteOptions,
  UsersQuery,
  VersionsQuery,
} from "./admin.js";
export type { CallOptions, ClientOptions, TokenSupplier, WriteOptions } from "./request.js";
export { createAuthClient, Session } from "./auth.js";
export type { AuthClient, AuthOptions } from "./auth.js";
export { BffError, CLIENT_CODES } from "./errors.js";
export type { WithETag } from "./etag.js";
export type { Activity, Change, LiveBatch, LiveBatchDetail, LiveState } from "./live_state.js";
export { incompletePartNames, incompleteParts, partOf } from "./parts.js";
export type { HasParts, PartV1 } from "./parts.js";
export { followBatch, followBatches } from "./live_updates.js";
export type { FollowOptions } from "./live_updates.js";
export { createTeacherClient } from "./teacher.js";
export type { ClassesQuery, DashboardQuery, TeacherClient } from "./teacher.js";
