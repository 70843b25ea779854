/** Pupils that the teacher has chosen for texts; they stay while a text is read on its own page. */
import { defineStore } from "pinia";
import { shallowRef, watch } from "vue";
import { useAuthStore } from "@/stores/auth";
import type { Choices } from "@/utils/matching";

export const useMatchingStore = defineStore("matching", () => {
  const auth = useAuthStore();
  /** By batch: only what the teacher chose, not what was suggested. */
  const chosen = shallowRef<Readonly<Record<string, Choices>>>({});

  function choose(batchId: string, essayId: string, pupil: string): void {
    chosen.value = { ...chosen.value, [batchId]: { ...chosen.value[batchId], [essayId]: pupil } };
  }

  /** The batch is confirmed. */
  function settle(batchId: string): void {
    const { [batchId]: _, ...others } = chosen.value;
    chosen.value = others;
  }

  // Choices belong to the person who made them.
  watch(
    () => auth.user?.id,
    () => (chosen.value = {}),
    { flush: "sync" },
  );

  return { chosen, choose, settle };
});
