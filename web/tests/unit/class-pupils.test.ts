import type { Api } from "@huleedu/bff-client";
import { mount } from "@vue/test-utils";
import { expect, it } from "vitest";
import ClassPupils from "@/components/dashboard/ClassPupils.vue";
import { example } from "../support/examples";

const NAMES = [
  ["Andre\u0301", "Ek"],
  ["Åsa", "Öberg"],
  ["A\u030Ake", "Lind"],
] as const;
const screen = {
  ...example<Api.TeacherClassPageV1>("TeacherClassPageV1"),
  students: NAMES.map(([first_name, last_name], number) => ({
    student_id: `pupil-${number}`,
    first_name,
    last_name,
  })),
};

it.each([
  ["andr\u00E9", ["Ek, Andre\u0301"]],
  ["ANDRE\u0301", ["Ek, Andre\u0301"]],
  ["A\u030Asa", ["Öberg, Åsa"]],
  ["\u00C5", ["Lind, A\u030Ake", "Öberg, Åsa"]],
  ["Öberg, Åsa", ["Öberg, Åsa"]],
  ["öberg å", ["Öberg, Åsa"]],
  ["åsa öberg", ["Öberg, Åsa"]],
  ["Ek Lind", []],
])("a search for %s finds its pupils, however their letters are spelled", async (typed, found) => {
  const list = mount(ClassPupils, { props: { screen } });

  await list.find("input").setValue(typed);

  expect(list.findAll("li").map((one) => one.text())).toEqual(found);
});
