/** The files of a batch and what became of each, read again while the platform looks into them. */
import type { Api } from "@huleedu/bff-client";
import { computed, onScopeDispose, watch } from "vue";
import { useResource } from "@/composables/useResource";
import { locale } from "@/lib/i18n";
import { readFiles } from "@/services/uploads";

const REREAD_SECONDS = 3;
/** A file of which there is no word after so many reads is read again by hand. */
const MAX_REREADS = 40;

/** Files that the platform counted, wherever they were sent from; null while it has not said. */
export type CountedFiles = { readonly placed: number | null; readonly rejected: number | null };

export function useBatchFiles(batchId: () => string, counted: () => CountedFiles) {
  const resource = useResource((signal) => readFiles(batchId(), signal), [batchId, locale]);
  const files = computed(() => resource.data.value?.files ?? []);
  /** Null where no file is listed and none was counted: there may be some that came another way. */
  const readable = computed(() => {
    const listed = files.value.filter(isReadable).length;
    const { placed } = counted();
    return placed === null && files.value.length === 0 ? null : Math.max(listed, placed ?? 0);
  });
  const rejected = computed(() => {
    const listed = files.value.filter(({ status }) => status === "rejected").length;
    return Math.max(listed, counted().rejected ?? 0);
  });
  /** Readable files that the batch still waits for, as far as their number is known. */
  const missing = computed(() => {
    const expected = resource.data.value?.expected;
    return readable.value === null ? 0 : Math.max(0, (expected ?? 0) - readable.value);
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  let rereads = 0;

  watch(resource.data, (list) => {
    clearTimeout(timer);
    const isOpen = list?.files.some(({ status }) => status === "sent");
    if (!isOpen || rereads >= MAX_REREADS) return;
    rereads += 1;
    timer = setTimeout(() => void resource.reload(), REREAD_SECONDS * 1000);
  });
  onScopeDispose(() => clearTimeout(timer));

  /** Reads again, as after an upload. */
  function reload(): Promise<void> {
    rereads = 0;
    return resource.reload();
  }

  return { ...resource, reload, files, readable, rejected, missing };
}

function isReadable({ status }: Api.BatchFileV1): boolean {
  return status === "accepted" || status === "stored" || status === "sent";
}
