/** Notifications in words, and where each leads. */
import type { Api } from "@huleedu/bff-client";
import { t } from "@/lib/i18n";
import { reasonWords } from "@/utils/actions";
import { stepLabel } from "@/utils/phases";

type Notification = Api.NotificationV1;

/** Notifications one after another that say the same of the same batch. */
export type NotificationGroup = { readonly newest: Notification; readonly count: number };

const COUNTED = [
  "file_accepted",
  "file_rejected",
  "file_removed",
  "student_added",
  "essay_changed",
] as const;
type Counted = (typeof COUNTED)[number];

export function groupNotifications(all: readonly Notification[]): NotificationGroup[] {
  const groups: NotificationGroup[] = [];
  for (const one of all) {
    const last = groups.at(-1);
    if (last && isCounted(one.kind) && saysTheSame(last.newest, one)) {
      groups[groups.length - 1] = { ...last, count: last.count + 1 };
    } else {
      groups.push({ newest: one, count: 1 });
    }
  }
  return groups;
}

function isCounted(kind: Notification["kind"]): kind is Counted {
  return COUNTED.some((one) => one === kind);
}

function saysTheSame(one: Notification, other: Notification): boolean {
  const isSame = (key: keyof Notification) => one[key] === other[key];
  return (["kind", "batch_id", "class_id", "reason", "is_read"] as const).every(isSame);
}

export function notificationText({ newest: { kind, phase }, count }: NotificationGroup): string {
  const text = isCounted(kind)
    ? t(`notification.${kind}`, { n: count })
    : t(`notification.${kind as Exclude<Notification["kind"], Counted>}`);
  return phase ? `${text}: ${stepLabel(phase)}` : text;
}

/** Why a start was denied; a rejected file has its reason in the batch's files. */
export function notificationReason({ kind, reason }: Notification): string | undefined {
  return kind === "start_denied" && reason ? reasonWords(reason) : undefined;
}

/** The short name that a batch has on every screen. */
export function notificationCode({ batch_id: id }: Notification): string | undefined {
  return id ? `#${id.slice(0, 8).toUpperCase()}` : undefined;
}

export function notificationLink(one: Notification): string | undefined {
  if (one.batch_id) return `/app/batch/${one.batch_id}${one.file_upload_id ? "?tab=files" : ""}`;
  return one.class_id ? `/app/klasser/${one.class_id}` : undefined;
}
