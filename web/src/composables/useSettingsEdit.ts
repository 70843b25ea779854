/** An edit of a namespace: first the difference, then the change; merged after another one. */
import { computed, ref, shallowRef } from "vue";
import { announce } from "@/composables/useAnnouncer";
import { describeFailure, refusalsIn, useWrite } from "@/composables/useWrite";
import type { WriteFailure } from "@/composables/useWrite";
import { t } from "@/lib/i18n";
import { readSettings, writeSettings } from "@/services/admin-settings";
import type { Settings, SettingsChange, SettingsWrite } from "@/services/admin-settings";
import { useSettingsStore } from "@/stores/settings";
import { changesBetween, isEqual } from "@/utils/json-values";
import type { Change, Values } from "@/utils/json-values";

/** A change that was tried without being made. */
export type Review = {
  readonly changes: readonly Change[];
  /** The version it would make. */
  readonly version: number;
  readonly reason: string;
};

export function useSettingsEdit(namespace: () => string) {
  const store = useSettingsStore();
  const review = shallowRef<Review>();
  /** Settings that another admin has saved since the edit began. */
  const theirs = shallowRef<Settings>();
  const readFailure = shallowRef<WriteFailure>();
  const savedVersion = ref<number>();
  const write = useWrite((one: SettingsWrite, key: string | undefined) => writeSettings(one, key));

  const edit = computed(() => store.edits[namespace()]);
  const failure = computed(() => readFailure.value ?? write.failure.value);
  /** Problems that the service found, by pointer. */
  const refusals = computed(() => refusalsIn(write.failure.value?.details ?? {}, "/values"));

  function start(current: Settings): void {
    const isOutdated = store.isOutdated(current.namespace, current);
    if (isOutdated && holdsDraft(current)) return settle(current);
    theirs.value = isOutdated ? current : undefined;
    store.open(current.namespace, current);
  }

  /** What was typed is saved already: by a request whose answer was lost, or by another admin. */
  const holdsDraft = ({ values }: Settings) => isEqual(edit.value?.draft, values);

  function settle(saved: Settings | SettingsChange): void {
    store.settle(namespace(), saved);
    [theirs.value, review.value] = [undefined, undefined];
    savedVersion.value = saved.version;
    announce(t("admin.settings.saved", { version: saved.version }));
  }

  function wanted(isDryRun: boolean): SettingsWrite | undefined {
    if (!edit.value) return undefined;
    const { base, draft, reason } = edit.value;
    const change = { values: draft, reason: reason.trim(), etag: base.etag };
    return { namespace: namespace(), isDryRun, ...change };
  }

  /** Asks the service what the change would do. */
  async function examine(): Promise<void> {
    const change = wanted(true);
    const before = edit.value?.base.values;
    if (!change || !before) return;
    savedVersion.value = undefined;
    const answer = await write.run(change);
    if (!answer) return readTheirs();
    const changes = changesBetween(before, answer.values);
    review.value = { changes, version: answer.version, reason: change.reason };
  }

  async function save(): Promise<void> {
    const change = wanted(false);
    if (!change) return;
    const answer = await write.run(change);
    if (!answer) return readTheirs();
    settle(answer);
  }

  /** After a conflict, reads the version that was saved in the meantime. */
  async function readTheirs(): Promise<void> {
    if (write.failure.value?.kind !== "conflict") return;
    review.value = undefined;
    write.forget();
    try {
      const current = await readSettings(namespace());
      if (holdsDraft(current)) settle(current);
      else theirs.value = current;
    } catch (thrown) {
      readFailure.value = describeFailure(thrown);
    }
  }

  function merge(values: Values): void {
    if (theirs.value) store.rebase(namespace(), theirs.value, values);
    theirs.value = undefined;
    announce(t("admin.merge.merged"));
  }

  function discard(current: Settings): void {
    store.settle(namespace(), current);
    theirs.value = undefined;
    announce(t("admin.merge.discarded", { version: current.version }));
  }

  function forget(): void {
    readFailure.value = undefined;
    write.forget();
  }

  return {
    edit,
    review,
    theirs,
    failure,
    refusals,
    savedVersion,
    isSending: write.isSending,
    start,
    examine,
    save,
    merge,
    discard,
    forget,
  };
}
