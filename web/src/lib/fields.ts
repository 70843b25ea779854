/** Checks of form fields, each in words; undefined when the field is right. */
import { t } from "@/lib/i18n";

/** Characters that Identity wants a password to have. */
export const MIN_PASSWORD = 8;
/** Controls, also those that turn the direction of a text. */
const CONTROLS = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Pasted text as one line: a blank for tabs and line breaks, and nothing for other controls, which
 * nobody sees and no service takes.
 */
export function oneLine(text: string): string {
  return text.replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, " ").replace(CONTROLS, "");
}

export function requiredProblem(value: string): string | undefined {
  return value.trim() === "" ? t("field.required") : undefined;
}

export function emailProblem(value: string): string | undefined {
  const looksRight = /^\S+@\S+\.\S+$/.test(value.trim());
  return requiredProblem(value) ?? (looksRight ? undefined : t("field.emailInvalid"));
}

export function newPasswordProblem(value: string): string | undefined {
  const isShort = value.length < MIN_PASSWORD;
  return (
    requiredProblem(value) ?? (isShort ? t("field.passwordShort", { n: MIN_PASSWORD }) : undefined)
  );
}
