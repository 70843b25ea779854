/** Live screens as Vue composables: they end with the component that uses them. */
import { onScopeDispose, ref, shallowRef } from "vue";
import type { ShallowRef, Ref } from "vue";
import { BffError, followBatchDetail, followBatches } from "@huleedu/bff-client";
import type { BatchDetailState, LiveBatch } from "@huleedu/bff-client";
import { baseUrl, token } from "./clients";

interface Live<T> {
  readonly state: ShallowRef<T | undefined>;
  /** The code of the failure, or "closed", while there is no connection; else empty. */
  readonly offline: Ref<string>;
}

function live<T>(
  follow: (signal: AbortSignal, show: (state: T) => void, offline: Ref<string>) => Promise<void>,
): Live<T> {
  const state = shallowRef<T>();
  const offline = ref("");
  const stop = new AbortController();
  onScopeDispose(() => stop.abort());
  const show = (next: T) => (state.value = next);
  follow(stop.signal, show, offline).catch((error: unknown) => {
    offline.value = error instanceof BffError ? error.code : String(error);
  });
  return { state, offline };
}

export function useBatches(): Live<LiveBatch[]> {
  return live((signal, show, offline) =>
    followBatches({
      baseUrl,
      token,
      signal,
      shared: true,
      initialBackoffSeconds: 0.3,
      onConnected: () => (offline.value = ""),
      onState: ({ batches }) =>
        show(
          Object.values(batches).sort((one, other) =>
            other.created_at.localeCompare(one.created_at),
          ),
        ),
      onReconnecting: (_seconds, error) => (offline.value = error?.code ?? "closed"),
    }),
  );
}

export function useBatch(batchId: string): Live<BatchDetailState> {
  return live((signal, show, offline) =>
    followBatchDetail(batchId, {
      baseUrl,
      token,
      signal,
      initialBackoffSeconds: 0.3,
      onConnected: () => (offline.value = ""),
      onState: show,
      onReconnecting: (_seconds, error) => (offline.value = error?.code ?? "closed"),
    }),
  );
}
