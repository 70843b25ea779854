/** A teacher's screens, one method each. */
import createClient from "openapi-fetch";
import { askingFetch, keyed, said, valueOf } from "./asking.js";
import type { CallOptions, ClientOptions, WriteOptions } from "./asking.js";
import type { QueryOf, ThroughGateway } from "./gateway_paths.js";
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
} from "./generated/teacher.js";

type Paths = ThroughGateway<paths>;
export type DashboardQuery = QueryOf<Paths["/bff/v1/teacher/dashboard"]>;
export type ClassesQuery = QueryOf<Paths["/bff/v1/teacher/classes"]>;

export interface TeacherClient {
  /** Batches, newest first, and the classes beside them. */
  dashboard(query?: DashboardQuery, call?: CallOptions): Promise<TeacherClassDashboardV1>;
  classes(query?: ClassesQuery, call?: CallOptions): Promise<TeacherClassListV1>;
  batch(batchId: string, call?: CallOptions): Promise<TeacherBatchDetailV1>;
  essay(batchId: string, essayId: string, call?: CallOptions): Promise<TeacherEssayFeedbackV1>;
  associations(batchId: string, call?: CallOptions): Promise<StudentAssociationListV1>;
  /** Cannot be taken back. The same decisions again are answered the same, and done once. */
  confirmAssociations(
    batchId: string,
    decisions: AssociationConfirmRequestV1,
    call?: WriteOptions,
  ): Promise<AssociationConfirmResultV1>;
  me(call?: CallOptions): Promise<TeacherProfileV1>;
  /** The openapi-fetch client underneath; it throws `BffError` too. */
  readonly raw: ReturnType<typeof rawClient>;
}

export function createTeacherClient(options: ClientOptions): TeacherClient {
  const raw = rawClient(options);
  const batch = (batchId: string) => ({ path: { batch_id: batchId } });
  return {
    raw,
    dashboard: (query = {}, call = {}) =>
      valueOf(raw.GET("/bff/v1/teacher/dashboard", { params: { query }, ...said(call) })),
    classes: (query = {}, call = {}) =>
      valueOf(raw.GET("/bff/v1/teacher/classes", { params: { query }, ...said(call) })),
    batch: (batchId, call = {}) =>
      valueOf(
        raw.GET("/bff/v1/teacher/batches/{batch_id}", { params: batch(batchId), ...said(call) }),
      ),
    essay: (batchId, essayId, call = {}) =>
      valueOf(
        raw.GET("/bff/v1/teacher/batches/{batch_id}/essays/{essay_id}", {
          params: { path: { batch_id: batchId, essay_id: essayId } },
          ...said(call),
        }),
      ),
    associations: (batchId, call = {}) =>
      valueOf(
        raw.GET("/bff/v1/teacher/batches/{batch_id}/associations", {
          params: batch(batchId),
          ...said(call),
        }),
      ),
    confirmAssociations: (batchId, decisions, call = {}) =>
      valueOf(
        raw.POST("/bff/v1/teacher/batches/{batch_id}/associations/confirm", {
          params: batch(batchId),
          body: decisions,
          headers: keyed(call),
          ...said(call),
        }),
      ),
    me: (call = {}) => valueOf(raw.GET("/bff/v1/teacher/me", said(call))),
  };
}

function rawClient(options: ClientOptions) {
  const { baseUrl } = options;
  const fetch = askingFetch({ ...options, keyed: true });
  return createClient<Paths>({ baseUrl, fetch, redirect: "error" });
}
