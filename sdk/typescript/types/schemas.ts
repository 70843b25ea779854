/** The outputs of the schemas are the client's DTOs, in both directions. */
import type { z } from "zod";
import type { Api } from "@huleedu/bff-client";
import * as schemas from "@huleedu/bff-client/schemas";

/** Fields that may be absent are compared by their values: zod adds undefined to them. */
type Present<T> = T extends readonly (infer Item)[]
  ? Present<Item>[]
  : T extends object
    ? { [Name in keyof T]-?: Present<Exclude<T[Name], undefined>> }
    : T;
type Out<Name extends keyof typeof schemas> = Present<z.infer<(typeof schemas)[Name]>>;

export const forth = {
  dashboard: (one: Out<"TeacherClassDashboardV1">): Present<Api.TeacherClassDashboardV1> => one,
  batch: (one: Out<"TeacherBatchDetailV1">): Present<Api.TeacherBatchDetailV1> => one,
  essay: (one: Out<"TeacherEssayFeedbackV1">): Present<Api.TeacherEssayFeedbackV1> => one,
  audit: (one: Out<"AdminAuditV1">): Present<Api.AdminAuditV1> => one,
};
export const back = {
  dashboard: (one: Present<Api.TeacherClassDashboardV1>): Out<"TeacherClassDashboardV1"> => one,
  batch: (one: Present<Api.TeacherBatchDetailV1>): Out<"TeacherBatchDetailV1"> => one,
  essay: (one: Present<Api.TeacherEssayFeedbackV1>): Out<"TeacherEssayFeedbackV1"> => one,
  audit: (one: Present<Api.AdminAuditV1>): Out<"AdminAuditV1"> => one,
};
