/** Texts of fields, as they are sent. */
import { mount } from "@vue/test-utils";
import { expect, it } from "vitest";
import TextField from "@/components/ui/TextField.vue";
import { oneLine } from "@/lib/fields";

it.each([
  ["Rad\t7\r\nav listan", "Rad 7 av listan"],
  ["\u202eomvänd\u202c \u200fhöger", "omvänd höger"],
  ["klocka\u0007\u0000", "klocka"],
  ["Åsa 👩\u200d🏫 \u00a0–", "Åsa 👩\u200d🏫 \u00a0–"],
])("makes one line of %j", (pasted, line) => {
  expect(oneLine(pasted)).toBe(line);
});

it.each([
  ["text", "a b"],
  ["password", "a\tb"],
  ["number", 12],
] as const)("of type %s gives %j", async (type, given) => {
  const field = mount(TextField, { props: { label: "L", modelValue: "", type } });

  await field.find("input").setValue(type === "number" ? "12" : "a\tb");

  expect(field.emitted("update:modelValue")).toEqual([[given]]);
});
