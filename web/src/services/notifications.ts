/** What the platform told the teacher. */
import type { Api } from "@huleedu/bff-client";
import { NotificationListV1, ReadMarkV1 } from "@huleedu/bff-client/schemas";
import { getWithValidation, teacherClient } from "@/lib/api-client";

export function readNotifications(
  query: { readonly cursor?: string; readonly limit?: number },
  signal?: AbortSignal,
): Promise<Api.NotificationListV1> {
  return getWithValidation(NotificationListV1, teacherClient.notifications(query, { signal }));
}

/** Marks a notification and all before it as read. */
export function markRead(upTo: string): Promise<Api.ReadMarkV1> {
  return getWithValidation(ReadMarkV1, teacherClient.readNotifications(upTo));
}
