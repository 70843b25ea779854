/** Client of the teacher screens, one method each. */
import createClient from "openapi-fetch";
import { eachByCursor, eachByOffset } from "./pages.js";
import {
  createFetch,
  requestOptions,
  requireCredentials,
  unwrap,
  unwrapWithResponse,
} from "./request.js";
import { withETag } from "./etag.js";
import type { WithETag } from "./etag.js";
import type { CallOptions, ClientOptions, WriteOptions } from "./request.js";
import type { QueryOf, GatewayPaths } from "./gateway_paths.js";
import type {
  AssociationConfirmRequestV1,
  AssociationConfirmResultV1,
  BatchCreationV1,
  BatchFileListV1,
  BatchFilesSentV1,
  BatchTitleV1,
  CreatedBatchV1,
  DashboardBatchV1,
  FileRemovalV1,
  NotificationListV1,
  NotificationV1,
  PhaseRetryV1,
  PipelinePreviewV1,
  PipelineStartRequestV1,
  PipelineStartV1,
  ReadMarkV1,
  StudentAssociationListV1,
  TeacherBatchDetailV1,
  TeacherBatchResultsV1,
  TeacherClassDashboardV1,
  TeacherClassListV1,
  TeacherClassPageV1,
  TeacherClassV1,
  TeacherCreditsV1,
  TeacherEssayFeedbackV1,
  TeacherProfileV1,
  paths,
} from "./generated/api.js";

type Paths = GatewayPaths<paths>;
/** Filter and page of the dashboard. */
export type DashboardQuery = QueryOf<Paths["/bff/v1/teacher/dashboard"]>;
/** Page of the class list. */
export type ClassesQuery = QueryOf<Paths["/bff/v1/teacher/classes"]>;

/** Page of the notifications. */
export type NotificationsQuery = QueryOf<Paths["/bff/v1/teacher/notifications"]>;

/** Seconds for an upload. */
const UPLOAD_SECONDS = 130;
/** Seconds for the creation of a batch, for a preflight, and for a start after it. */
const WORKFLOW_SECONDS = 28;

/** The call with these seconds, unless it has its own. */
function patient<C extends CallOptions>(call: C, seconds: number): C {
  return { ...call, timeoutSeconds: call.timeoutSeconds ?? seconds };
}

/** Pipelines that can be started. */
export type PipelineName = PipelinePreviewV1["phase"];
/** Phases that can run again. */
export type RetriedPhase = PipelineStartV1["phase"];

/** The teacher screens. */
export interface TeacherClient {
  /** A page of batches, newest first, with the classes. */
  dashboard(query?: DashboardQuery, call?: CallOptions): Promise<TeacherClassDashboardV1>;
  /**
   * All batches of the dashboard, newest first; reads page after page as you iterate. By status
   * `pending_content`, `processing` or `failed` only the newest 500 can be read: of more, the
   * iteration ends with a `VALIDATION_ERROR` after them.
   */
  eachBatch(
    query?: Omit<DashboardQuery, "offset">,
    call?: CallOptions,
  ): AsyncGenerator<DashboardBatchV1, void, undefined>;
  /** A page of classes with their number of students and their newest batch. */
  classes(query?: ClassesQuery, call?: CallOptions): Promise<TeacherClassListV1>;
  /** All classes; reads page after page as you iterate. */
  eachClass(
    query?: Omit<ClassesQuery, "offset">,
    call?: CallOptions,
  ): AsyncGenerator<TeacherClassV1, void, undefined>;
  /** One class with its students, its batches and its latest results. */
  classPage(classId: string, call?: CallOptions): Promise<TeacherClassPageV1>;
  /** Creates a batch. Repeating it with the same idempotency key returns the same batch. */
  createBatch(batch: BatchCreationV1, call?: WriteOptions): Promise<CreatedBatchV1>;
  /** One batch with its essays by rank. */
  batch(batchId: string, call?: CallOptions): Promise<TeacherBatchDetailV1>;
  /**
   * Sends files to a batch: .txt, .docx and .pdf, at most 50. Each has a row in the answer, and its
   * outcome follows as an activity of the live updates. The call has 130 seconds, unless it says else.
   */
  sendFiles(
    batchId: string,
    files: readonly File[],
    call?: CallOptions,
  ): Promise<BatchFilesSentV1>;
  /** The files of a batch, and what became of each. */
  files(batchId: string, call?: CallOptions): Promise<BatchFileListV1>;
  /** Asks the platform to remove a file; it keeps the text and its place in the batch. */
  removeFile(batchId: string, fileUploadId: string, call?: WriteOptions): Promise<FileRemovalV1>;
  /** The phases and the cost of a start; nothing is reserved. A denial is an answer, too. */
  previewPipeline(
    batchId: string,
    phase: PipelineName,
    call?: CallOptions,
  ): Promise<PipelinePreviewV1>;
  /**
   * Starts a pipeline at most once. Repeating it with the same idempotency key returns the same
   * outcome; `accepted` means that the platform has the command, and the rest follows live.
   */
  startPipeline(
    batchId: string,
    start: PipelineStartRequestV1,
    call?: WriteOptions,
  ): Promise<PipelineStartV1>;
  /** Runs a phase again, at most once as a start. */
  retryPhase(
    batchId: string,
    phase: RetriedPhase,
    retry: PhaseRetryV1,
    call?: WriteOptions,
  ): Promise<PipelineStartV1>;
  /** One essay with its text and its place in the batch. */
  essay(batchId: string, essayId: string, call?: CallOptions): Promise<TeacherEssayFeedbackV1>;
  /** The suggested matches of essays and students, to decide. */
  associations(batchId: string, call?: CallOptions): Promise<StudentAssociationListV1>;
  /** Decides the matches of a batch. Irreversible. Repeating the same decisions returns the same result. */
  confirmAssociations(
    batchId: string,
    decisions: AssociationConfirmRequestV1,
    call?: WriteOptions,
  ): Promise<AssociationConfirmResultV1>;
  /** The title that the teacher gave a batch, with the tag that a change of it needs. */
  batchTitle(batchId: string, call?: CallOptions): Promise<WithETag<BatchTitleV1>>;
  /** Replaces the title of which `etag` was read; an empty one removes it. */
  putBatchTitle(
    batchId: string,
    title: string,
    etag: string,
    call?: WriteOptions,
  ): Promise<WithETag<BatchTitleV1>>;
  /** Scores by rank, with their statistics once the batch is finished. */
  batchResults(batchId: string, call?: CallOptions): Promise<TeacherBatchResultsV1>;
  /** Results as CSV in the caller's language, without the byte order mark. */
  batchResultsCsv(batchId: string, call?: CallOptions): Promise<string>;
  /** A page of what the platform told the teacher, newest first. */
  notifications(query?: NotificationsQuery, call?: CallOptions): Promise<NotificationListV1>;
  /** All notifications that are kept, newest first; reads page after page as you iterate. */
  eachNotification(call?: CallOptions): AsyncGenerator<NotificationV1, void, undefined>;
  /** Marks a notification and all before it as read. */
  readNotifications(upTo: string, call?: WriteOptions): Promise<ReadMarkV1>;
  /** Credits that the teacher has left; null while the platform does not tell. */
  credits(call?: CallOptions): Promise<TeacherCreditsV1>;
  /** The signed-in teacher. */
  me(call?: CallOptions): Promise<TeacherProfileV1>;
  /** The underlying openapi-fetch client; it throws `BffError` too. */
  readonly raw: ReturnType<typeof rawClient>;
}

/** Makes the client of the teacher screens. */
export function createTeacherClient(options: ClientOptions): TeacherClient {
  const raw = rawClient(options);
  const batch = (batchId: string) => ({ path: { batch_id: batchId } });
  const dashboard: TeacherClient["dashboard"] = (query = {}, call = {}) =>
    unwrap(raw.GET("/bff/v1/teacher/dashboard", { params: { query }, ...requestOptions(call) }));
  const notifications: TeacherClient["notifications"] = (query = {}, call = {}) =>
    unwrap(
      raw.GET("/bff/v1/teacher/notifications", { params: { query }, ...requestOptions(call) }),
    );
  const classes: TeacherClient["classes"] = (query = {}, call = {}) =>
    unwrap(raw.GET("/bff/v1/teacher/classes", { params: { query }, ...requestOptions(call) }));
  return {
    raw,
    dashboard,
    eachBatch: (query = {}, call = {}) =>
      eachByOffset(
        async (offset) => {
          const page = await dashboard({ ...query, offset }, call);
          return { items: page.batches, next: page.has_more ? page.offset + page.limit : null };
        },
        (batch) => batch.batch_id,
      ),
    classes,
    eachClass: (query = {}, call = {}) =>
      eachByOffset(
        async (offset) => {
          const page = await classes({ ...query, offset }, call);
          return { items: page.classes, next: page.has_more ? page.offset + page.limit : null };
        },
        (one) => one.class_id,
      ),
    classPage: (classId, call = {}) =>
      unwrap(
        raw.GET("/bff/v1/teacher/classes/{class_id}", {
          params: { path: { class_id: classId } },
          ...requestOptions(call),
        }),
      ),
    createBatch: (body, call = {}) =>
      unwrap(
        raw.POST("/bff/v1/teacher/batches", {
          body,
          ...requestOptions(patient(call, WORKFLOW_SECONDS)),
        }),
      ),
    batch: (batchId, call = {}) =>
      unwrap(
        raw.GET("/bff/v1/teacher/batches/{batch_id}", {
          params: batch(batchId),
          ...requestOptions(call),
        }),
      ),
    sendFiles: (batchId, files, call = {}) =>
      unwrap(
        raw.POST("/bff/v1/teacher/batches/{batch_id}/files", {
          params: batch(batchId),
          body: { files: [] },
          bodySerializer: () => formOf(files),
          ...requestOptions(patient(call, UPLOAD_SECONDS)),
        }),
      ),
    files: (batchId, call = {}) =>
      unwrap(
        raw.GET("/bff/v1/teacher/batches/{batch_id}/files", {
          params: batch(batchId),
          ...requestOptions(call),
        }),
      ),
    removeFile: (batchId, fileUploadId, call = {}) =>
      unwrap(
        raw.DELETE("/bff/v1/teacher/batches/{batch_id}/files/{file_upload_id}", {
          params: { path: { batch_id: batchId, file_upload_id: fileUploadId } },
          ...requestOptions(call),
        }),
      ),
    previewPipeline: (batchId, phase, call = {}) =>
      unwrap(
        raw.GET("/bff/v1/teacher/batches/{batch_id}/pipelines/{phase}/preview", {
          params: { path: { batch_id: batchId, phase } },
          ...requestOptions(patient(call, WORKFLOW_SECONDS)),
        }),
      ),
    startPipeline: (batchId, start, call = {}) =>
      unwrap(
        raw.POST("/bff/v1/teacher/batches/{batch_id}/pipelines", {
          params: batch(batchId),
          body: start,
          ...requestOptions(patient(call, WORKFLOW_SECONDS)),
        }),
      ),
    retryPhase: (batchId, phase, retry, call = {}) =>
      unwrap(
        raw.POST("/bff/v1/teacher/batches/{batch_id}/phases/{phase}/retry", {
          params: { path: { batch_id: batchId, phase } },
          body: retry,
          ...requestOptions(patient(call, WORKFLOW_SECONDS)),
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
          ...requestOptions(call),
        }),
      ),
    batchTitle: async (batchId, call = {}) =>
      withETag(
        await unwrapWithResponse(
          raw.GET("/bff/v1/teacher/batches/{batch_id}/title", {
            params: batch(batchId),
            ...requestOptions(call),
          }),
        ),
      ),
    putBatchTitle: async (batchId, title, etag, call = {}) =>
      withETag(
        await unwrapWithResponse(
          raw.PUT("/bff/v1/teacher/batches/{batch_id}/title", {
            params: { ...batch(batchId), header: { "If-Match": etag } },
            body: { title },
            ...requestOptions(call),
          }),
        ),
      ),
    batchResults: (batchId, call = {}) =>
      unwrap(
        raw.GET("/bff/v1/teacher/batches/{batch_id}/results", {
          params: batch(batchId),
          ...requestOptions(call),
        }),
      ),
    batchResultsCsv: (batchId, call = {}) =>
      unwrap(
        raw.GET("/bff/v1/teacher/batches/{batch_id}/results.csv", {
          params: batch(batchId),
          parseAs: "text",
          ...requestOptions(call),
        }),
      ),
    notifications,
    eachNotification: (call = {}) =>
      eachByCursor<NotificationV1, string>(async (cursor) => {
        const page = await notifications(cursor === undefined ? {} : { cursor }, call);
        return { items: page.notifications, next: page.next_cursor };
      }),
    readNotifications: (upTo, call = {}) =>
      unwrap(
        raw.POST("/bff/v1/teacher/notifications/read", {
          body: { up_to: upTo },
          ...requestOptions(call),
        }),
      ),
    credits: (call = {}) => unwrap(raw.GET("/bff/v1/teacher/credits", requestOptions(call))),
    me: (call = {}) => unwrap(raw.GET("/bff/v1/teacher/me", requestOptions(call))),
  };
}

function formOf(files: readonly File[]): FormData {
  const form = new FormData();
  for (const file of files) form.append("files", file, file.name);
  return form;
}

function rawClient(options: ClientOptions) {
  const { baseUrl } = options;
  const fetch = createFetch({ ...requireCredentials(options), idempotencyKeys: true });
  return createClient<Paths>({ baseUrl, fetch, redirect: "error" });
}
