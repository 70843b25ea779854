/** Values of settings in words. */
import { formatExactly, UNKNOWN } from "@/lib/format";
import { t } from "@/lib/i18n";
import { settingWord } from "@/locales/settings";
import { UnreadableText } from "@/utils/settings-checks";
import type { Field } from "@/utils/settings-schema";

/** A value as a line of text; a dash where there is none. */
export function formatSetting(value: unknown, field?: Field): string {
  if (value === undefined) return UNKNOWN;
  if (value === null) return t("admin.form.none");
  if (value instanceof UnreadableText) return value.text;
  if (typeof value === "boolean") return value ? t("admin.form.on") : t("admin.form.off");
  if (typeof value === "number") return formatExactly(value);
  if (typeof value === "string") return text(value, field);
  if (Array.isArray(value)) return items(value, field);
  return JSON.stringify(value);
}

function text(value: string, field: Field | undefined): string {
  if (field?.kind === "choice" || field?.kind === "set") return settingWord(value);
  return value === "" ? t("admin.form.empty") : value;
}

function items(values: readonly unknown[], field: Field | undefined): string {
  if (values.length === 0) return t("admin.form.empty");
  const item = field?.kind === "list" ? field.item : field;
  return values.map((one) => formatSetting(one, item)).join(", ");
}
