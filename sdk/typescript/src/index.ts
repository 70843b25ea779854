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
export type {
  BaseOptions,
  CallOptions,
  ClientOptions,
  Credentials,
  TokenSupplier,
  WriteOptions,
} from "./request.js";
export { createSession } from "./cookie_session.js";
export type { CookieSession, SessionOptions, SignOutOptions } from "./cookie_session.js";
export { createAuthClient } from "./auth.js";
export type { AuthClient, AuthOptions } from "./auth.js";
export type { Passwords, Session } from "./session.js";
export type { Role, SignedInUser } from "./token.js";
export { BffError, CLIENT_CODES } from "./errors.js";
export type { BffErrorInit, ClientCode, KnownErrorCode } from "./errors.js";
export type { ErrorCode } from "./generated/names.js";
export type { WithETag } from "./etag.js";
export type {
  Activity,
  Change,
  LiveBatch,
  LiveBatchDetail,
  LiveCallbacks,
  LiveEssay,
  LiveState,
  LiveStudent,
} from "./live_state.js";
export { followBatchDetail } from "./live_detail.js";
export type { BatchDetailState, FollowDetailOptions } from "./live_detail.js";
export { failingParts, incompletePartNames, incompleteParts, partOf } from "./parts.js";
export type { FailingPart, HasParts, PartName, PartV1 } from "./parts.js";
export { followBatch, followBatches } from "./live_updates.js";
export type { FollowOptions } from "./live_updates.js";
export { createTeacherClient } from "./teacher.js";
export type { ClassesQuery, DashboardQuery, TeacherClient } from "./teacher.js";
