/** The query options fit TanStack Query, and their results keep the types of the screens. */
import { InfiniteQueryObserver, QueryClient, QueryObserver } from "@tanstack/query-core";
import type { AdminClient, Api, TeacherClient } from "@huleedu/bff-client";
import { adminQueries, teacherQueries } from "@huleedu/bff-client/queries";

export async function read(teacher: TeacherClient, admin: AdminClient): Promise<unknown> {
  const client = new QueryClient();
  const batch: Api.TeacherBatchDetailV1 = await client.fetchQuery(teacherQueries(teacher).batch("b"));
  const observer = new QueryObserver(client, teacherQueries(teacher).dashboard({ limit: 5 }));
  const total: number | null | undefined = observer.getCurrentResult().data?.total_count;
  const users = new InfiniteQueryObserver(client, adminQueries(admin).pendingUsers({ q: "ek" }));
  const first: string | undefined = users.getCurrentResult().data?.pages[0]?.users[0]?.email;
  await client.fetchInfiniteQuery(teacherQueries(teacher).dashboardPages());
  // @ts-expect-error A filter of pages has no cursor.
  adminQueries(admin).users({ cursor: "c" });
  return [batch, total, first];
}
