import type { Api } from "@huleedu/bff-client";
import { expect, it } from "vitest";
import {
  decisionsOf,
  doubledPupils,
  mergedChoices,
  pupilsByClass,
  suggestedChoices,
} from "@/utils/matching";

const pupil = (id: string, last: string, classId = "c1"): Api.ClassStudentV1 => ({
  student_id: id,
  first_name: "Åsa",
  last_name: last,
  class_id: classId,
  class_name: classId === "c1" ? "SA24A" : "EK22",
});
const row = (id: string, suggested: Api.ClassStudentV1 | null): Api.StudentAssociationV1 => ({
  essay_id: id,
  filename: `${id}.txt`,
  must_be_decided: suggested !== null,
  suggestion: suggested ? "known" : "none",
  suggested_student: suggested,
  suggested_at: null,
});
const rows = [row("e1", pupil("p1", "Ek")), row("e2", pupil("p2", "Ask")), row("e3", null)];

it("begins with the suggestions, and keeps the teacher's choices when they are read again", () => {
  expect(suggestedChoices(rows)).toEqual({ e1: "p1", e2: "p2", e3: "" });
  expect(mergedChoices(rows, { e1: "p9", gone: "p3" })).toEqual({ e1: "p9", e2: "p2", e3: "" });
});

it("finds pupils that are chosen twice, and none where nobody is chosen", () => {
  expect([...doubledPupils({ e1: "p1", e2: "p1", e3: "", e4: "" })]).toEqual(["p1"]);
  expect(doubledPupils({ e1: "p1", e2: "p2" }).size).toBe(0);
});

it("decides every suggested text, and one without a suggestion only when it got a pupil", () => {
  const undecided = decisionsOf(rows, { e1: "p1", e2: "", e3: "" });
  const all = decisionsOf(rows, { e1: "p1", e2: "p2", e3: "p3" });

  expect(undecided).toEqual([
    { essay_id: "e1", student_id: "p1", suggestion: "known" },
    { essay_id: "e2", student_id: null, suggestion: "known" },
  ]);
  expect(all.map(({ student_id }) => student_id)).toEqual(["p1", "p2", "p3"]);
});

it("offers the batch's own class first, by family name as Swedish sorts", () => {
  const all = [
    pupil("1", "Öst", "c2"),
    pupil("2", "Zetterlund"),
    pupil("3", "Ål"),
    pupil("4", "Ek"),
  ];

  const groups = pupilsByClass(all, "c1", "sv-SE");

  expect(groups.map(({ name }) => name)).toEqual(["SA24A", "EK22"]);
  expect(groups[0]?.pupils.map(({ last_name }) => last_name)).toEqual(["Ek", "Zetterlund", "Ål"]);
});
