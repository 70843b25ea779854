import type { Api } from "@huleedu/bff-client";
import { RouterLinkStub, mount } from "@vue/test-utils";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import MatchRow from "@/components/matching/MatchRow.vue";
import { pupilsByClass } from "@/utils/matching";

const pupil = (number: number, class_id: string): Api.ClassStudentV1 => ({
  student_id: `pupil-${number}`,
  first_name: "Maja",
  last_name: `Ek ${number}`,
  class_id,
  class_name: "SA1B",
});
const row: Api.StudentAssociationV1 = {
  essay_id: "essay-1",
  filename: "maja.docx",
  must_be_decided: true,
  suggestion: "known",
  suggested_student: pupil(3, "c-2"),
  suggested_at: null,
};
/** Of two classes of one name. */
const groups = pupilsByClass(
  [1, 2, 3, 4].map((number) => pupil(number, number < 3 ? "c-1" : "c-2")),
  null,
  "sv",
);
const shown = () =>
  mount(MatchRow, {
    props: { row, groups, choice: "pupil-3", doubled: false, href: undefined },
    global: { stubs: { RouterLink: RouterLinkStub } },
  });
const values = (list: ReturnType<typeof shown>) =>
  list.findAll("option").map((one) => one.attributes("value"));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("a row that is scrolled past holds its choice only, and all pupils once it is used", async () => {
  const list = shown();
  const select = list.find("select");
  expect(values(list)).toEqual(["", "pupil-3"]);

  await select.trigger("focus");

  expect(values(list)).toEqual(["", "pupil-1", "pupil-2", "pupil-3", "pupil-4"]);
  expect(select.element.value).toBe("pupil-3");
});

it("a row that nobody touches has all pupils when the browser has time", async () => {
  const list = shown();

  await vi.runAllTimersAsync();

  expect(values(list)).toHaveLength(5);
});
