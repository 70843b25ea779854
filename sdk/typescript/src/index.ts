/** Everything that is public. */
export type * as Admin from "./generated/admin.js";
export type * as Auth from "./generated/gateway.js";
export type * as Teacher from "./generated/teacher.js";

export { createAdminClient } from "./admin.js";
export type {
  AdminClient,
  AuditQuery,
  PendingUsersQuery,
  SettingsWriteOptions,
  UsersQuery,
  VersionsQuery,
} from "./admin.js";
export type { CallOptions, ClientOptions, TokenSupplier, WriteOptions } from "./asking.js";
export { createAuthClient, Session } from "./auth.js";
export type { AuthClient, AuthOptions } from "./auth.js";
export { BffError, CLIENT_CODES } from "./errors.js";
export type { Tagged } from "./etag.js";
export type { LiveBatch, LiveBatchDetail } from "./live_batches.js";
export type { Activity, Change, LiveState } from "./live_copy.js";
export { incompleteNames, incompleteParts, partOf } from "./parts.js";
export type { HasParts, PartV1 } from "./parts.js";
export { followBatch, followBatches } from "./stream.js";
export type { FollowOptions } from "./stream.js";
export { createTeacherClient } from "./teacher.js";
export type { ClassesQuery, DashboardQuery, TeacherClient } from "./teacher.js";
