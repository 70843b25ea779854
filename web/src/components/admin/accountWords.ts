/** Accounts and decisions in words. */
import { t } from "@/lib/i18n";
import type { AccountStatus, ItemResult, PastDecision, Verdict } from "@/services/admin-accounts";

const STATUSES = {
  pending: "admin.account.pending",
  approved: "admin.account.approved",
  denied: "admin.account.denied",
  deactivated: "admin.account.deactivated",
} as const;

export const STATUS_MARKS = {
  pending: "info",
  approved: "success",
  denied: "error",
  deactivated: "warning",
} as const;

const ACTIONS = {
  approve: "admin.account.wasApproved",
  deny: "admin.account.wasDenied",
  deactivate: "admin.account.wasDeactivated",
  reactivate: "admin.account.wasReactivated",
  invite: "admin.account.wasInvited",
} as const;

const FIRST = {
  approved: "admin.decide.firstApproved",
  denied: "admin.decide.firstDenied",
  deactivated: "admin.decide.firstDeactivated",
} as const;
/** Longest reason that is taken. */
export const MAX_REASON = 500;

export function statusWord(status: AccountStatus): string {
  return t(STATUSES[status]);
}

/** A decision that was made, in a word. */
export function actionWord(action: PastDecision["action"]): string {
  return t(ACTIONS[action]);
}

/** The decisions that the service takes on an account. */
export function verdictsOf(status: AccountStatus): readonly Verdict[] {
  switch (status) {
    case "pending":
      return ["approve", "deny"];
    case "approved":
      return ["deactivate", "deny"];
    case "denied":
      return ["approve"];
    default:
      return ["reactivate"];
  }
}

/** A decision as its button names it; a denial ends the access of somebody who has it. */
export function verdictWord(verdict: Verdict, endsAccess = false): string {
  if (verdict === "deny" && endsAccess) return t("admin.decide.endAccess");
  return t(`admin.decide.${verdict}`);
}

/** What a decision means for its people. */
export function verdictText(verdict: Verdict, endsAccess: boolean): string {
  switch (verdict) {
    case "approve":
      return t("admin.decide.approveText");
    case "deny":
      return endsAccess ? t("admin.decide.endsAccess") : t("admin.decide.denyText");
    case "deactivate":
      return t("admin.decide.deactivateText");
    default:
      return t("admin.decide.reactivateText");
  }
}

/** A conflict in words: who was first, or why the decision cannot be made. */
export function conflictWord(details: Readonly<Record<string, unknown>>): string {
  if (details.reason === "last_admin") return t("admin.decide.lastAdmin");
  return firstDecision(details) ?? t("admin.decide.conflict");
}

/** The reason of an item that was not decided, in words. */
export function outcomeWord({ outcome }: ItemResult): string {
  switch (outcome) {
    case "conflict":
      return t("admin.decide.conflict");
    case "not_found":
      return t("admin.decide.notFound");
    case "refused":
      return t("admin.decide.refused");
    default:
      return t("admin.decide.failed");
  }
}

/** The state that another admin's decision left; undefined where the facts are not known. */
export function firstDecision(details: Readonly<Record<string, unknown>>): string | undefined {
  const current = details.current;
  if (typeof current !== "object" || current === null || !("status" in current)) return undefined;
  const { status } = current;
  const name =
    "decided_by_name" in current && typeof current.decided_by_name === "string"
      ? current.decided_by_name
      : t("admin.decide.somebody");
  return typeof status === "string" && status in FIRST
    ? t(FIRST[status as keyof typeof FIRST], { name })
    : undefined;
}

/** Checks a reason: one line, of at most `MAX_REASON` characters. */
export function reasonProblem(reason: string, isRequired: boolean): string | undefined {
  if (isRequired && reason.trim() === "") return t("admin.reason.required");
  return reason.length > MAX_REASON ? t("admin.form.tooLong", { n: MAX_REASON }) : undefined;
}
