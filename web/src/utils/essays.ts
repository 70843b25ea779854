/** Essays of a batch in words. */
import type { Api } from "@huleedu/bff-client";
import { UNKNOWN } from "@/lib/format";
import { t } from "@/lib/i18n";

type Named = Pick<Api.BatchEssayV1, "student" | "filename">;

/** The pupil's name, else the file's. */
export function essayName({ student, filename }: Named): string {
  return student ? `${student.first_name} ${student.last_name}` : (filename ?? UNKNOWN);
}

/** The furthest step of an essay. */
export function essayStatus(essay: Api.BatchEssayV1): string {
  if (essay.failures.length > 0) return t("essayStatus.failed");
  if (essay.cj_assessment_status === "completed") return t("essayStatus.assessed");
  if (essay.cj_assessment_status) return t("essayStatus.assessing");
  if (essay.spellcheck_status === "completed") return t("essayStatus.spellchecked");
  return t(essay.spellcheck_status ? "essayStatus.spellchecking" : "essayStatus.waiting");
}

/** Essays in the order of their rank; those without stand last, by name. */
export function byRank(essays: readonly Api.BatchEssayV1[]): Api.BatchEssayV1[] {
  return [...essays].sort(
    (one, other) =>
      (one.rank ?? Infinity) - (other.rank ?? Infinity) ||
      essayName(one).localeCompare(essayName(other), "sv"),
  );
}
