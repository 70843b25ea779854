/** Settings that are being edited; what was typed stays when another page is opened meanwhile. */
import { defineStore } from "pinia";
import { shallowRef, watch } from "vue";
import { useAuthStore } from "@/stores/auth";
import { changesBetween, isEqual, withValueAt } from "@/utils/json-values";
import type { Change, Path, Values } from "@/utils/json-values";

/** A version as it was read. */
export type SettingsVersion = {
  readonly values: Values;
  readonly etag: string;
  readonly version: number;
};
export type Edit = {
  /** The version that the edit is based on. */
  readonly base: SettingsVersion;
  readonly draft: Values;
  readonly reason: string;
};

export const useSettingsStore = defineStore("settings", () => {
  const auth = useAuthStore();
  const edits = shallowRef<Readonly<Record<string, Edit>>>({});

  // A draft belongs to the person who typed it.
  watch(
    () => auth.user?.id,
    (now, before) => {
      if (before !== undefined && now !== before) edits.value = {};
    },
  );

  function changesOf(namespace: string): Change[] {
    const edit = edits.value[namespace];
    return edit ? changesBetween(edit.base.values, edit.draft) : [];
  }

  function isDirty(namespace: string): boolean {
    return changesOf(namespace).length > 0;
  }

  /** Begins an edit; one that has changes stays, and tells by its base that it is older. */
  function open(namespace: string, current: SettingsVersion): void {
    if (isDirty(namespace)) return;
    const reason = edits.value[namespace]?.reason ?? "";
    put(namespace, { base: current, draft: current.values, reason });
  }

  function setValue(namespace: string, path: Path, value: unknown): void {
    const edit = edits.value[namespace];
    if (edit) put(namespace, { ...edit, draft: withValueAt(edit.draft, path, value) as Values });
  }

  function setReason(namespace: string, reason: string): void {
    const edit = edits.value[namespace];
    if (edit) put(namespace, { ...edit, reason });
  }

  function undo(namespace: string): void {
    const edit = edits.value[namespace];
    if (edit) put(namespace, { ...edit, draft: edit.base.values });
  }

  /** Goes on from another version with merged values. */
  function rebase(namespace: string, base: SettingsVersion, draft: Values): void {
    const edit = edits.value[namespace];
    if (edit) put(namespace, { ...edit, base, draft });
  }

  /** The edit was saved as this version, or is given up for it. */
  function settle(namespace: string, saved: SettingsVersion): void {
    put(namespace, { base: saved, draft: saved.values, reason: "" });
  }

  function isOutdated(namespace: string, current: SettingsVersion): boolean {
    const edit = edits.value[namespace];
    return edit !== undefined && edit.base.etag !== current.etag && isDirty(namespace);
  }

  function put(namespace: string, edit: Edit): void {
    const before = edits.value[namespace];
    if (!isEqual(before, edit)) edits.value = { ...edits.value, [namespace]: edit };
  }

  return {
    edits,
    changesOf,
    isDirty,
    open,
    setValue,
    setReason,
    undo,
    rebase,
    settle,
    isOutdated,
  };
});
