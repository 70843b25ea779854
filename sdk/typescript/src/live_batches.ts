/** What a live batch holds: the screen's fields, absent where the screen would say null. */
import type { BatchEssayV1, DashboardBatchV1, TeacherBatchDetailV1 } from "./generated/teacher.js";

/** RFC 7396 uses null for "remove", so a stream has none. */
export type WithoutNulls<T> = T extends readonly (infer Item)[]
  ? WithoutNulls<Item>[]
  : T extends object
    ? { [Name in keyof T as null extends T[Name] ? never : Name]: WithoutNulls<T[Name]> } & {
        [Name in keyof T as null extends T[Name] ? Name : never]?: WithoutNulls<
          NonNullable<T[Name]>
        >;
      }
    : T;

/** Without `batchId`: a batch as the dashboard lists it. */
export type LiveBatch = WithoutNulls<DashboardBatchV1>;

/** With `batchId`: its detail; essays by their id, so that a patch can name one. */
export type LiveBatchDetail = WithoutNulls<Omit<TeacherBatchDetailV1, "essays">> & {
  essays: Record<string, WithoutNulls<BatchEssayV1>>;
};
