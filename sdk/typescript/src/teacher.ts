/** Client of the teacher screens, one method each. */
import createClient from "openapi-fetch";
import { createFetch, idempotencyHeaders, requestOptions, unwrap } from "./request.js";
import type { CallOptions, ClientOptions, WriteOptions } from "./request.js";
import type { QueryOf, GatewayPaths } from "./gateway_paths.js";
import type {
  AssociationConfirmRequestV1,
  AssociationConfirmResultV1,
  StudentAssociationListV1,
  TeacherBatchDetailV1,
  TeacherClassDashboardV1,
  TeacherClassListV1,
  TeacherEssayFeedbackV1,
  TeacherProfileV1,
  paths,
} from "./generated/api.js";

type Paths = GatewayPaths<paths>;
export type DashboardQuery = QueryOf<Paths["/bff/v1/teacher/dashboard"]>;
export type ClassesQuery = QueryOf<Paths["/bff/v1/teacher/classes"]>;

export interface TeacherClient {
  /** Batches, newest first, with the classes. */
  dashboard(query?: DashboardQuery, call?: CallOptions): Promise<TeacherClassDashboardV1>;
  classes(query?: ClassesQuery, call?: CallOptions): Promise<TeacherClassListV1>;
  batch(batchId: string, call?: CallOptions): Promise<TeacherBatchDetailV1>;
  essay(batchId: string, essayId: string, call?: CallOptions): Promise<TeacherEssayFeedbackV1>;
  associations(batchId: string, call?: CallOptions): Promise<StudentAssociationListV1>;
  /** Irreversible. Repeating the same decisions returns the same result. */
  confirmAssociations(
    batchId: string,
    decisions: AssociationConfirmRequestV1,
    call?: WriteOptions,
  ): Promise<AssociationConfirmResultV1>;
  me(call?: CallOptions): Promise<TeacherProfileV1>;
  /** The underlying openapi-fetch client; it throws `BffError` too. */
  readonly raw: ReturnType<typeof rawClient>;
}

export function createTeacherClient(options: ClientOptions): TeacherClient {
  const raw = rawClient(options);
  const batch = (batchId: string) => ({ path: { batch_id: batchId } });
  return {
    raw,
    dashboard: (query = {}, call = {}) =>
      unwrap(raw.GET("/bff/v1/teacher/dashboard", { params: { query }, ...requestOptions(call) })),
    classes: (query = {}, call = {}) =>
      unwrap(raw.GET("/bff/v1/teacher/classes", { params: { query }, ...requestOptions(call) })),
    batch: (batchId, call = {}) =>
      unwrap(
        raw.GET("/bff/v1/teacher/batches/{batch_id}", {
          params: batch(batchId),
          ...requestOptions(call),
        }),
      ),
    essay: (batchId, essayId, call = {}) =>
      unwrap(
        raw.GET("/bff/v1/teacher/batches/{batch_id}/essays/{essay_id}", {
          params: { path: { batch_id: batchId, essay_id: essayId } },
          ...requestOptions(call),
        }),
      ),
    associations: (batchId, call = {}) =>
      unwrap(
        raw.GET("/bff/v1/teacher/batches/{batch_id}/associations", {
          params: batch(batchId),
          ...requestOptions(call),
        }),
      ),
    confirmAssociations: (batchId, decisions, call = {}) =>
      unwrap(
        raw.POST("/bff/v1/teacher/batches/{batch_id}/associations/confirm", {
          params: batch(batchId),
          body: decisions,
          headers: idempotencyHeaders(call),
          ...requestOptions(call),
        }),
      ),
    me: (call = {}) => unwrap(raw.GET("/bff/v1/teacher/me", requestOptions(call))),
  };
}

function rawClient(options: ClientOptions) {
  const { baseUrl } = options;
  const fetch = createFetch({ ...options, idempotencyKeys: true });
  return createClient<Paths>({ baseUrl, fetch, redirect: "error" });
}
