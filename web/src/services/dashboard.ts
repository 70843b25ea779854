/** Reads of the overview. */
import type { Api, DashboardQuery } from "@huleedu/bff-client";
import { checked, teacherClient } from "@/lib/api-client";

/** All batches that are found to wait for the teacher: they are looked for among the newest 100. */
const ATTENTION: DashboardQuery = { attention: true, limit: 100 };

export type Overview = {
  readonly page: Api.TeacherClassDashboardV1;
  readonly attention: readonly Api.DashboardBatchV1[];
};

/** A page of the ledger, and what waits for the teacher whatever the page is. */
export async function readOverview(query: DashboardQuery, signal: AbortSignal): Promise<Overview> {
  const [page, attention] = await Promise.all([read(query, signal), read(ATTENTION, signal)]);
  return { page, attention: attention.batches };
}

/** A page of batches. The schema is loaded while the answer is on its way. */
export async function read(
  query: DashboardQuery,
  signal: AbortSignal,
): Promise<Api.TeacherClassDashboardV1> {
  const [answer, { TeacherClassDashboardV1 }] = await Promise.all([
    teacherClient.dashboard(query, { signal }),
    import("@huleedu/bff-client/schemas"),
  ]);
  return checked(TeacherClassDashboardV1, answer);
}
