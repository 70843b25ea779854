/** Forms of the namespaces, and the titles of their settings. */
import { defineStore } from "pinia";
import { shallowRef } from "vue";
import { isAbort } from "@/lib/errors";
import { settingWord } from "@/locales/settings";
import { fieldAt, fieldsOf } from "@/utils/settings-schema";
import type { Field, GroupField } from "@/utils/settings-schema";
import { pointerOf } from "@/utils/json-values";
import type { Path } from "@/utils/json-values";

export const useSchemasStore = defineStore("schemas", () => {
  const forms = shallowRef<Readonly<Record<string, GroupField>>>({});

  /**
   * Reads the form of a namespace, once.
   *
   * @throws BffError when it cannot be read.
   */
  async function fetchForm(namespace: string): Promise<GroupField> {
    const known = forms.value[namespace];
    if (known) return known;
    const { readSchema } = await import("@/services/admin-settings");
    const form = fieldsOf(await readSchema(namespace));
    forms.value = { ...forms.value, [namespace]: form };
    return form;
  }

  /** Reads the forms that titles are taken from; without one, a setting has its plain name. */
  async function fetchTitles(namespaces: Iterable<string>): Promise<void> {
    for (const namespace of new Set(namespaces)) {
      try {
        await fetchForm(namespace);
      } catch (error) {
        if (isAbort(error)) return;
      }
    }
  }

  function namespaceTitle(namespace: string): string {
    const form = forms.value[namespace];
    return form ? settingWord(form.title) : namespace;
  }

  /** Titles from the outermost group to the place: "Banner › Swedish". */
  function titleOf(namespace: string, path: Path): string {
    const form = forms.value[namespace];
    if (!form) return pointerOf(path);
    const steps = path.map((step, at) => {
      const field = fieldAt(form, path.slice(0, at + 1));
      return field?.title ? settingWord(field.title) : String(Number(step) + 1 || step);
    });
    return steps.join(" › ");
  }

  function fieldOf(namespace: string, path: Path): Field | undefined {
    const form = forms.value[namespace];
    return form && fieldAt(form, path);
  }

  return { forms, fetchForm, fetchTitles, namespaceTitle, titleOf, fieldOf };
});
