/** Checks of form fields, each in words; undefined when the field is right. */
import { t } from "@/lib/i18n";

/** Characters that Identity wants a password to have. */
export const MIN_PASSWORD = 8;

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
