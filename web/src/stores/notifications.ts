/** How many notifications are unread, for the menu; null while it is not known. */
import { defineStore } from "pinia";
import { ref } from "vue";

/** Between two reads, whatever calls for them. */
const PAUSE_MS = 10_000;

export const useNotificationsStore = defineStore("notifications", () => {
  const unread = ref<number | null>(null);
  let readAt = -Infinity;

  /** Reads the number, unless it was read a moment ago; without an answer the old one stays. */
  async function refresh(now = Date.now()): Promise<void> {
    if (now - readAt < PAUSE_MS) return;
    readAt = now;
    try {
      const { readNotifications } = await import("@/services/notifications");
      unread.value = (await readNotifications({ limit: 1 })).unread;
    } catch {
      return;
    }
  }

  function setUnread(count: number): void {
    unread.value = count;
  }

  function clearNotifications(): void {
    unread.value = null;
    readAt = -Infinity;
  }

  return { unread, refresh, setUnread, clearNotifications };
});
