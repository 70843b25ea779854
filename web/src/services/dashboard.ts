/** Reads of the overview. */
import type { Api, DashboardQuery } from "@huleedu/bff-client";
import { TeacherClassDashboardV1 } from "@huleedu/bff-client/schemas";
import { getWithValidation, teacherClient } from "@/lib/api-client";

/** Batches that wait for the teacher: more than a page has room for. */
const ATTENTION: DashboardQuery = { attention: true, limit: 20 };

export type Overview = {
  readonly page: Api.TeacherClassDashboardV1;
  readonly attention: readonly Api.DashboardBatchV1[];
};

/** A page of the ledger, and what waits for the teacher whatever the page is. */
export async function readOverview(query: DashboardQuery, signal: AbortSignal): Promise<Overview> {
  const [page, attention] = await Promise.all([read(query, signal), read(ATTENTION, signal)]);
  return { page, attention: attention.batches };
}

export function read(
  query: DashboardQuery,
  signal: AbortSignal,
): Promise<Api.TeacherClassDashboardV1> {
  return getWithValidation(TeacherClassDashboardV1, teacherClient.dashboard(query, { signal }));
}
