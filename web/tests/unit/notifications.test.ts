import type { Api } from "@huleedu/bff-client";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, expect, it, vi } from "vitest";
import { readNotifications } from "@/services/notifications";
import { useNotificationsStore } from "@/stores/notifications";
import { groupNotifications, notificationLink, notificationText } from "@/utils/notifications";
import { example } from "../support/examples";

vi.mock("@/services/notifications", () => ({ readNotifications: vi.fn() }));

const BATCH = "9c22cbb9-ff91-5ef9-a521-94531504ff80";
let lastId = 0;
function told(fields: Partial<Api.NotificationV1>): Api.NotificationV1 {
  const [first] = example<Api.NotificationListV1>("NotificationListV1").notifications;
  if (!first) throw new Error("the example has no notification");
  lastId += 1;
  const nothing = { class_id: null, phase: null, file_upload_id: null, reason: null };
  return { ...first, ...nothing, batch_id: BATCH, is_read: false, id: String(lastId), ...fields };
}

beforeEach(() => setActivePinia(createPinia()));

it("tells of many files of a batch at once, and of each end by itself", () => {
  const groups = groupNotifications([
    told({ kind: "phase_completed", phase: "spellcheck" }),
    told({ kind: "phase_completed", phase: "spellcheck" }),
    told({ kind: "file_accepted" }),
    told({ kind: "file_accepted" }),
    told({ kind: "file_accepted", batch_id: null }),
    told({ kind: "file_accepted", batch_id: null, is_read: true }),
  ]);

  expect(groups.map(notificationText)).toEqual([
    "Ett steg är klart: Stavning",
    "Ett steg är klart: Stavning",
    "2 filer är mottagna",
    "En fil är mottagen",
    "En fil är mottagen",
  ]);
});

it("leads to what it is about", () => {
  expect(notificationLink(told({ file_upload_id: "f" }))).toBe(`/app/batch/${BATCH}?tab=files`);
  expect(notificationLink(told({}))).toBe(`/app/batch/${BATCH}`);
  expect(notificationLink(told({ batch_id: null, class_id: "c" }))).toBe("/app/klasser/c");
  expect(notificationLink(told({ batch_id: null }))).toBeUndefined();
});

it("reads the number of unread ones at most every ten seconds, and keeps it in an outage", async () => {
  const store = useNotificationsStore();
  vi.mocked(readNotifications).mockResolvedValueOnce({
    ...example<Api.NotificationListV1>("NotificationListV1"),
    unread: 3,
  });

  await store.refresh(0);
  await store.refresh(9_999);
  expect([store.unread, vi.mocked(readNotifications).mock.calls.length]).toEqual([3, 1]);
  vi.mocked(readNotifications).mockRejectedValueOnce(new Error("away"));
  await store.refresh(10_000);

  expect(store.unread).toBe(3);
});
