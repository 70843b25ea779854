/** The review of a batch's matches: choices, confirmation, and what may stand in its way. */
import { BffError } from "@huleedu/bff-client";
import type { Api } from "@huleedu/bff-client";
import {
  AssociationConfirmResultV1,
  StudentAssociationListV1,
  TeacherBatchDetailV1,
} from "@huleedu/bff-client/schemas";
import { computed, ref, shallowRef } from "vue";
import { useResource } from "@/composables/useResource";
import { getWithValidation, teacherClient } from "@/lib/api-client";
import { describeError } from "@/lib/errors";
import type { ErrorDescription } from "@/lib/errors";
import { useMatchingStore } from "@/stores/matching";
import { decisionsOf, doubledPupils, mergedChoices, NOBODY } from "@/utils/matching";

type Decision = Api.AssociationDecisionV1;

/** What stands in the way: another attempt, or this one when nobody knows what became of it. */
export type Conflict = {
  readonly reason: string;
  /** When the other attempt was made or confirmed. */
  readonly at: string | undefined;
  readonly decisions: readonly Decision[];
};

export function useMatching(batchId: string) {
  const store = useMatchingStore();
  const batch = useResource((signal) =>
    getWithValidation(TeacherBatchDetailV1, teacherClient.batch(batchId, { signal })),
  );
  const list = useResource((signal) =>
    getWithValidation(StudentAssociationListV1, teacherClient.associations(batchId, { signal })),
  );
  const isSending = ref(false);
  const error = shallowRef<ErrorDescription>();
  const conflict = shallowRef<Conflict>();
  const result = shallowRef<Api.AssociationConfirmResultV1>();
  /** Key of an attempt whose outcome is unknown: a repeat with it does nothing twice. */
  let key: string | undefined;

  const associations = computed(() => list.data.value?.associations ?? []);
  const choices = computed(() => mergedChoices(associations.value, store.chosen[batchId] ?? {}));
  const doubled = computed(() => doubledPupils(choices.value));
  const isUnknown = computed(() =>
    associations.value.some(({ suggestion }) => suggestion === "unknown"),
  );
  const leftOut = computed(
    () => Object.values(choices.value).filter((pupil) => pupil === NOBODY).length,
  );
  const linked = computed(() => associations.value.length - leftOut.value);
  /** With the texts for which nobody was suggested: they have no row to choose in. */
  const unlinked = computed(() => leftOut.value + (batch.data.value?.attention?.unmatched ?? 0));
  const canConfirm = computed(
    () => associations.value.length > 0 && doubled.value.size === 0 && !isUnknown.value,
  );

  function choose(essayId: string, pupil: string): void {
    store.choose(batchId, essayId, pupil);
    key = undefined;
  }

  /** Confirms all choices; `force` also when an earlier attempt may have confirmed the batch. */
  async function confirm(force = false): Promise<void> {
    if (isSending.value || !canConfirm.value) return;
    isSending.value = true;
    error.value = undefined;
    conflict.value = undefined;
    const decisions = decisionsOf(associations.value, choices.value);
    const call = teacherClient.confirmAssociations(
      batchId,
      { decisions, force },
      { idempotencyKey: key },
    );
    try {
      result.value = await getWithValidation(AssociationConfirmResultV1, call);
      store.settle(batchId);
    } catch (thrown) {
      refuse(thrown);
    } finally {
      isSending.value = false;
    }
  }

  function refuse(thrown: unknown): void {
    if (thrown instanceof BffError) {
      key = thrown.idempotencyKey;
      conflict.value = conflictOf(thrown);
      if (conflict.value?.reason === "suggestions_unknown") void list.reload();
    }
    if (!conflict.value) error.value = describeError(thrown);
  }

  return {
    batch,
    list,
    associations,
    choices,
    doubled,
    isUnknown,
    linked,
    unlinked,
    canConfirm,
    isSending,
    error,
    conflict,
    result,
    choose,
    confirm,
  };
}

function conflictOf({ status, details }: BffError): Conflict | undefined {
  // The attempt of this page was sent, and its answer was lost on the way.
  if (details.outcome === "unknown") {
    return { reason: "outcome_unknown", at: undefined, decisions: [] };
  }
  if (status !== 409 || typeof details.reason !== "string") return undefined;
  const at = details.confirmed_at ?? details.attempted_at;
  return {
    reason: details.reason,
    at: typeof at === "string" ? at : undefined,
    decisions: Array.isArray(details.decisions) ? (details.decisions as Decision[]) : [],
  };
}
