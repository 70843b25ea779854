/** Query options for TanStack Query 5 (`useQuery`, `useInfiniteQuery`) in Vue, React or another framework. */
import type { AdminClient, AuditQuery, PendingUsersQuery, UsersQuery } from "./admin.js";
import { BffError, CLIENT_CODES } from "./errors.js";
import type { ClassesQuery, DashboardQuery, TeacherClient } from "./teacher.js";

const MAX_RETRIES = 2;
const MAX_RETRY_DELAY_MS = 30_000;
const RETRIED_STATUSES = new Set([0, 429, 502, 503, 504]);

/** Options of `useQuery`. */
export interface QueryOptions<T> {
  /** `["huleedu", client, screen, ...arguments]`. */
  readonly queryKey: readonly unknown[];
  /** Reads the screen; TanStack Query aborts it when nobody needs it. */
  readonly queryFn: (context: { readonly signal: AbortSignal }) => Promise<T>;
  /** Repeats after passing failures, twice at most. */
  readonly retry: (failureCount: number, error: Error) => boolean;
  /** Waits for `Retry-After`, or ever longer. */
  readonly retryDelay: (failureCount: number, error: Error) => number;
}

/** Options of `useInfiniteQuery`. */
export interface PagesOptions<T, Cursor> extends Omit<QueryOptions<T>, "queryFn"> {
  /** Reads one page. */
  readonly queryFn: (context: {
    readonly signal: AbortSignal;
    readonly pageParam: Cursor;
  }) => Promise<T>;
  /** Cursor of the first page. */
  readonly initialPageParam: Cursor;
  /** Cursor of the page after `last`; null after the last one. */
  readonly getNextPageParam: (last: T) => Cursor | null;
}

type Signal = { readonly signal: AbortSignal };

/** Tells whether the same read may succeed a little later. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof BffError) || !RETRIED_STATUSES.has(error.status)) return false;
  return !error.is(CLIENT_CODES.signedOut, CLIENT_CODES.noToken);
}

/** Query options of every teacher screen: `useQuery(teacherQueries(teacher).batch(id))`. */
export function teacherQueries(teacher: TeacherClient) {
  const key = (...parts: readonly unknown[]) => ["huleedu", "teacher", ...parts];
  return {
    /** `teacher.me()` */
    me: () => query(key("me"), (call) => teacher.me(call)),
    /** `teacher.dashboard()` */
    dashboard: (page: DashboardQuery = {}) =>
      query(key("dashboard", page), (call) => teacher.dashboard(page, call)),
    /** `teacher.dashboard()`, page after page */
    dashboardPages: (filter: Omit<DashboardQuery, "offset"> = {}) =>
      pages(
        key("dashboardPages", filter),
        0,
        (offset, call) => teacher.dashboard({ ...filter, offset }, call),
        ({ offset, limit, has_more: more }) => (more ? offset + limit : null),
      ),
    /** `teacher.classes()` */
    classes: (page: ClassesQuery = {}) =>
      query(key("classes", page), (call) => teacher.classes(page, call)),
    /** `teacher.batch()` */
    batch: (batchId: string) => query(key("batch", batchId), (call) => teacher.batch(batchId, call)),
    /** `teacher.essay()` */
    essay: (batchId: string, essayId: string) =>
      query(key("essay", batchId, essayId), (call) => teacher.essay(batchId, essayId, call)),
    /** `teacher.associations()` */
    associations: (batchId: string) =>
      query(key("associations", batchId), (call) => teacher.associations(batchId, call)),
  };
}

/** Query options of every admin screen: `useQuery(adminQueries(admin).overview())`. */
export function adminQueries(admin: AdminClient) {
  const key = (...parts: readonly unknown[]) => ["huleedu", "admin", ...parts];
  type Cursor = string | undefined;
  const from = (cursor: Cursor) => (cursor === undefined ? {} : { cursor });
  return {
    /** `admin.me()` */
    me: () => query(key("me"), (call) => admin.me(call)),
    /** `admin.overview()` */
    overview: () => query(key("overview"), (call) => admin.overview(call)),
    /** `admin.users()`, page after page */
    users: (filter: Omit<UsersQuery, "cursor"> = {}) =>
      pages(
        key("users", filter),
        undefined as Cursor,
        (cursor, call) => admin.users({ ...filter, ...from(cursor) }, call),
        (page) => page.next_cursor,
      ),
    /** `admin.pendingUsers()`, page after page */
    pendingUsers: (filter: Omit<PendingUsersQuery, "cursor"> = {}) =>
      pages(
        key("pendingUsers", filter),
        undefined as Cursor,
        (cursor, call) => admin.pendingUsers({ ...filter, ...from(cursor) }, call),
        (page) => page.next_cursor,
      ),
    /** `admin.user()` */
    user: (userId: string) => query(key("user", userId), (call) => admin.user(userId, call)),
    /** `admin.namespaces()` */
    namespaces: () => query(key("namespaces"), (call) => admin.namespaces(call)),
    /** `admin.settings()` */
    settings: (namespace: string) =>
      query(key("settings", namespace), (call) => admin.settings(namespace, undefined, call)),
    /** `admin.settingsSchema()` */
    settingsSchema: (namespace: string) =>
      query(key("settingsSchema", namespace), (call) =>
        admin.settingsSchema(namespace, undefined, call),
      ),
    /** `admin.settingsVersions()`, page after page */
    settingsVersions: (namespace: string) =>
      pages(
        key("settingsVersions", namespace),
        undefined as number | undefined,
        (before, call) =>
          admin.settingsVersions(namespace, before === undefined ? {} : { before }, call),
        (page) => page.next_before,
      ),
    /** `admin.settingsVersion()` */
    settingsVersion: (namespace: string, number: number) =>
      query(key("settingsVersion", namespace, number), (call) =>
        admin.settingsVersion(namespace, number, call),
      ),
    /** `admin.audit()`, page after page */
    audit: (filter: Omit<AuditQuery, "cursor"> = {}) =>
      pages(
        key("audit", filter),
        undefined as Cursor,
        (cursor, call) => admin.audit({ ...filter, ...from(cursor) }, call),
        (page) => page.next_cursor,
      ),
  };
}

function query<T>(
  queryKey: readonly unknown[],
  read: (call: Signal) => Promise<T>,
): QueryOptions<T> {
  return { queryKey, queryFn: ({ signal }) => read({ signal }), retry, retryDelay };
}

function pages<T, Cursor>(
  queryKey: readonly unknown[],
  initialPageParam: Cursor,
  read: (cursor: Cursor, call: Signal) => Promise<T>,
  getNextPageParam: (last: T) => Cursor | null,
): PagesOptions<T, Cursor> {
  const queryFn: PagesOptions<T, Cursor>["queryFn"] = ({ signal, pageParam }) =>
    read(pageParam, { signal });
  return { queryKey, queryFn, initialPageParam, getNextPageParam, retry, retryDelay };
}

function retry(failureCount: number, error: Error): boolean {
  return failureCount < MAX_RETRIES && isPassing(error);
}

function retryDelay(failureCount: number, error: Error): number {
  const asked = error instanceof BffError ? (error.retryAfter ?? 0) * 1000 : 0;
  return Math.min(Math.max(asked, 1000 * 2 ** failureCount), MAX_RETRY_DELAY_MS);
}
