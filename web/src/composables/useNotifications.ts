/** The notifications, page after page, and the mark up to which they are read. */
import type { Api } from "@huleedu/bff-client";
import { computed, ref, shallowRef } from "vue";
import { useResource } from "@/composables/useResource";
import { useSubmit } from "@/composables/useSubmit";
import { describeError } from "@/lib/errors";
import type { ErrorDescription } from "@/lib/errors";
import { markRead, readNotifications } from "@/services/notifications";
import { useNotificationsStore } from "@/stores/notifications";

const LIMIT = 30;

export function useNotifications() {
  const store = useNotificationsStore();
  const first = useResource(async (signal) => {
    const page = await readNotifications({ limit: LIMIT }, signal);
    store.setUnread(page.unread);
    more.value = [];
    return page;
  });
  const more = shallowRef<readonly Api.NotificationListV1[]>([]);
  const isReadingMore = ref(false);
  const moreError = shallowRef<ErrorDescription>();

  const pages = computed(() => (first.data.value ? [first.data.value, ...more.value] : []));
  const notifications = computed(() => pages.value.flatMap((page) => page.notifications));
  const nextCursor = computed(() => pages.value.at(-1)?.next_cursor ?? null);

  async function readMore(): Promise<void> {
    if (nextCursor.value === null || isReadingMore.value) return;
    isReadingMore.value = true;
    moreError.value = undefined;
    try {
      const page = await readNotifications({ cursor: nextCursor.value, limit: LIMIT });
      more.value = [...more.value, page];
    } catch (thrown) {
      moreError.value = describeError(thrown);
    } finally {
      isReadingMore.value = false;
    }
  }

  const marking = useSubmit(
    async () => {
      const newest = notifications.value[0];
      if (!newest) return;
      store.setUnread((await markRead(newest.id)).unread);
      await first.reload();
    },
    () => true,
  );

  return { ...first, notifications, nextCursor, isReadingMore, moreError, readMore, marking };
}
