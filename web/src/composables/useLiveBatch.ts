/** Reads one batch, and keeps it current by the stream. */
import { BffError, followBatchDetail } from "@huleedu/bff-client";
import type { Api } from "@huleedu/bff-client";
import { TeacherBatchDetailV1 } from "@huleedu/bff-client/schemas";
import { onScopeDispose, watch } from "vue";
import type { Ref } from "vue";
import { outageOf } from "@/composables/useLiveBatches";
import { useResource } from "@/composables/useResource";
import { getWithValidation, teacherClient } from "@/lib/api-client";
import { locale } from "@/lib/i18n";
import { session } from "@/services/session";

const RETRY_SECONDS = 2;

/** `onFile` is called when the platform says what became of a file of the batch. */
export function useLiveBatch(batchId: Readonly<Ref<string>>, onFile?: () => void) {
  const resource = useResource<Api.TeacherBatchDetailV1>(
    (signal) =>
      getWithValidation(TeacherBatchDetailV1, teacherClient.batch(batchId.value, { signal })),
    [batchId],
  );
  // The words of failures come in the language of the page, which changes nothing else of it.
  watch(locale, () => void resource.reload());
  const isActive = () => resource.data.value?.is_final === false;
  const outage = outageOf(resource.reload, isActive);
  let stop: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function follow(): void {
    stop?.abort();
    const own = new AbortController();
    stop = own;
    const following = followBatchDetail(batchId.value, {
      ...session.clientOptions,
      shared: true,
      signal: own.signal,
      onState: ({ batch }) => (resource.data.value = batch),
      onActivity: ({ kind }) => {
        if (kind.startsWith("file_")) onFile?.();
      },
      onConnected: outage.end,
      onReconnecting: outage.begin,
    });
    // A refusal shows itself by the read of the screen.
    following.catch((error: unknown) => {
      if (!(error instanceof BffError)) throw error;
    });
  }

  // A batch that has just been created is not there for a moment.
  watch(resource.error, (error) => {
    clearTimeout(timer);
    if (error?.kind === "notYet") timer = setTimeout(() => void again(), RETRY_SECONDS * 1000);
  });

  async function again(): Promise<void> {
    await resource.reload();
    if (resource.data.value) follow();
  }

  watch([batchId, locale], follow, { immediate: true });
  onScopeDispose(() => {
    clearTimeout(timer);
    stop?.abort();
    outage.end();
  });
  return resource;
}
