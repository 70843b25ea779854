/** The form of a new batch: its fields, its creation exactly once, its files. */
import { BffError } from "@huleedu/bff-client";
import type { Api } from "@huleedu/bff-client";
import { computed, reactive, ref, shallowRef, watch } from "vue";
import { useUpload } from "@/composables/useUpload";
import { describeError } from "@/lib/errors";
import type { ErrorDescription } from "@/lib/errors";
import { t } from "@/lib/i18n";
import { newKey } from "@/lib/keys";
import { createBatch } from "@/services/uploads";
import { MAX_FILES } from "@/utils/uploads";

export const COURSES = ["ENG5", "ENG6", "ENG7", "SV1", "SV2", "SV3"] as const;
export type Course = (typeof COURSES)[number];

export function useNewBatch() {
  const form = reactive({
    kind: "class" as "class" | "guest",
    classId: "",
    course: "" as Course | "",
    title: "",
    instructions: "",
    count: "",
  });
  const upload = useUpload();
  const created = shallowRef<Api.CreatedBatchV1>();
  const isCreating = ref(false);
  const error = shallowRef<ErrorDescription>();
  /** Whether the batch may exist although nobody knows: only the overview tells. */
  const isUnknown = ref(false);
  let key = newKey();

  const chosen = computed(() => upload.uploads.value.filter(({ problem }) => !problem).length);
  /** Texts that the batch waits for: as many as are chosen, unless the teacher says more. */
  const expected = computed(() => (form.count === "" ? chosen.value : Number(form.count)));
  const problem = computed(() => {
    if (form.kind === "class" && form.classId === "") return t("upload.needClass");
    if (form.course === "") return t("upload.needCourse");
    if (chosen.value === 0) return t("upload.needFiles");
    if (!Number.isInteger(expected.value) || expected.value < chosen.value) {
      return t("upload.needCount", { n: chosen.value });
    }
    return expected.value > MAX_FILES ? t("upload.tooMany", { n: MAX_FILES }) : undefined;
  });
  const isBusy = computed(() => isCreating.value || upload.isSending.value);
  /** Whether work that nobody else has would be lost with the page. */
  const isUnsaved = computed(
    () =>
      !created.value &&
      !isUnknown.value &&
      Boolean(form.title.trim() || form.instructions.trim() || upload.uploads.value.length),
  );

  // Another form is another batch; the same one again is the same batch.
  watch([form, expected], () => (key = newKey()));

  async function submit(): Promise<void> {
    if (isBusy.value || (problem.value && !created.value)) return;
    const batchId = created.value?.batch.batch_id ?? (await create());
    if (batchId) await upload.send(batchId);
  }

  async function create(): Promise<string | undefined> {
    isCreating.value = true;
    error.value = undefined;
    try {
      created.value = await createBatch(bodyOf(), key);
      return created.value.batch.batch_id;
    } catch (thrown) {
      error.value = describeError(thrown);
      isUnknown.value = thrown instanceof BffError && thrown.details.reason === "outcome_unknown";
      return undefined;
    } finally {
      isCreating.value = false;
    }
  }

  function bodyOf(): Api.BatchCreationV1 {
    const instructions = form.instructions.trim();
    const title = form.title.trim();
    return {
      class_id: form.kind === "class" ? form.classId : null,
      course_code: form.course as Course,
      expected_essay_count: expected.value,
      ...(title && { title }),
      ...(instructions && { instructions }),
    };
  }

  return { form, upload, created, error, isUnknown, isUnsaved, expected, problem, isBusy, submit };
}
