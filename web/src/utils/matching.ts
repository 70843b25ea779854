/** Choices of a review: for each text a pupil, or none. */
import type { Api } from "@huleedu/bff-client";

/** Pupil by text; an empty string is none. */
export type Choices = Readonly<Record<string, string>>;
type Association = Api.StudentAssociationV1;
type Pupil = Api.ClassStudentV1;

export const NOBODY = "";

/** The suggested pupils, which the teacher may change. */
export function suggestedChoices(associations: readonly Association[]): Choices {
  const pairs = associations.map(
    (one) => [one.essay_id, one.suggested_student?.student_id ?? NOBODY] as const,
  );
  return Object.fromEntries(pairs);
}

/** Choices of the teacher put over newly read suggestions; texts that are gone are dropped. */
export function mergedChoices(associations: readonly Association[], chosen: Choices): Choices {
  const suggested = suggestedChoices(associations);
  const kept = Object.entries(chosen).filter(([essayId]) => essayId in suggested);
  return { ...suggested, ...Object.fromEntries(kept) };
}

/** Pupils that are chosen for more than one text. */
export function doubledPupils(choices: Choices): ReadonlySet<string> {
  const seen = new Set<string>();
  const doubled = new Set<string>();
  for (const pupil of Object.values(choices)) {
    if (pupil !== NOBODY && seen.has(pupil)) doubled.add(pupil);
    seen.add(pupil);
  }
  return doubled;
}

/** The decisions to send: of each text that must be decided, and of each that got a pupil. */
export function decisionsOf(
  associations: readonly Association[],
  choices: Choices,
): Api.AssociationChoiceV1[] {
  return associations
    .filter((one) => one.must_be_decided || (choices[one.essay_id] ?? NOBODY) !== NOBODY)
    .map(({ essay_id, suggestion }) => ({
      essay_id,
      student_id: choices[essay_id] || null,
      suggestion,
    }));
}

export type ClassGroup = {
  readonly id: string;
  readonly name: string;
  readonly pupils: readonly Pupil[];
};

/** Pupils by class, the batch's own class first, each by family name. */
export function pupilsByClass(
  pupils: readonly Pupil[],
  ownClassId: string | null,
  language: string,
): ClassGroup[] {
  const groups = new Map<string, Pupil[]>();
  for (const pupil of pupils) {
    groups.set(pupil.class_id, [...(groups.get(pupil.class_id) ?? []), pupil]);
  }
  const { compare } = new Intl.Collator(language);
  const byName = (one: Pupil, other: Pupil) =>
    compare(one.last_name, other.last_name) || compare(one.first_name, other.first_name);
  const isOwn = (id: string) => Number(id === ownClassId);
  return [...groups]
    .map(([id, members]) => ({
      id,
      name: members[0]?.class_name ?? "",
      pupils: members.sort(byName),
    }))
    .sort((one, other) => isOwn(other.id) - isOwn(one.id) || compare(one.name, other.name));
}
