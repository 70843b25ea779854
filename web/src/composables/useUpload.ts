/** Chosen files on their way to a batch. */
import { computed, onScopeDispose, ref, shallowRef } from "vue";
import { describeError, isAbort } from "@/lib/errors";
import type { ErrorDescription } from "@/lib/errors";
import { sendFiles } from "@/services/uploads";
import { addFiles, groupsOf, removeUpload, sendable } from "@/utils/uploads";
import type { FileState, Upload } from "@/utils/uploads";

export type BatchUpload = ReturnType<typeof useUpload>;

export function useUpload() {
  const uploads = ref<readonly Upload[]>([]);
  const isSending = ref(false);
  const error = shallowRef<ErrorDescription>();
  const stop = new AbortController();

  const pending = computed(() => sendable(uploads.value));
  const sent = computed(() => uploads.value.filter(({ state }) => state === "sent").length);
  const failed = computed(
    () =>
      uploads.value.filter(({ state }) => ["refused", "not_sent", "unknown"].includes(state))
        .length,
  );

  function add(files: Iterable<File>): void {
    uploads.value = addFiles(uploads.value, files);
  }

  function remove(id: number): void {
    uploads.value = removeUpload(uploads.value, id);
  }

  function clear(): void {
    uploads.value = uploads.value.filter(({ state }) => state === "sent");
  }

  /** Takes all away, as for another batch. */
  function forget(): void {
    uploads.value = [];
  }

  /** Takes away what is on the batch's own list now. */
  function clearSent(): void {
    uploads.value = uploads.value.filter(({ state }) => state !== "sent");
  }

  /** Sends what is not sent yet, a few files at a time; an outage ends it and keeps the rest. */
  async function send(batchId: string): Promise<void> {
    if (isSending.value) return;
    isSending.value = true;
    error.value = undefined;
    try {
      for (const group of groupsOf(pending.value)) await sendGroup(batchId, group);
    } catch (thrown) {
      if (!isAbort(thrown)) error.value = describeError(thrown);
    } finally {
      isSending.value = false;
    }
  }

  async function sendGroup(batchId: string, group: readonly Upload[]): Promise<void> {
    mark(group, "sending");
    try {
      const files = group.map(({ file }) => file);
      const rows = await sendFiles(batchId, files, stop.signal);
      group.forEach((one, index) => {
        const row = rows[index];
        mark([one], row?.status ?? "unknown", row?.message ?? null);
      });
    } catch (thrown) {
      // Without an answer they may have arrived: they are not sent again by themselves.
      mark(group, isRefusal(thrown) ? "not_sent" : "unknown");
      throw thrown;
    }
  }

  function mark(group: readonly Upload[], state: FileState, message: string | null = null): void {
    const ids = new Set(group.map(({ id }) => id));
    uploads.value = uploads.value.map((one) =>
      ids.has(one.id) ? { ...one, state, message } : one,
    );
  }

  onScopeDispose(() => stop.abort(new DOMException("The page was left", "AbortError")));
  return {
    uploads,
    pending,
    sent,
    failed,
    isSending,
    error,
    add,
    remove,
    clear,
    forget,
    clearSent,
    send,
  };
}

/** An answer of 4xx: nothing of the request was taken. */
function isRefusal(thrown: unknown): boolean {
  const status = (thrown as { status?: unknown } | undefined)?.status;
  return typeof status === "number" && status >= 400 && status < 500;
}
