/** Filter, order and page of the ledger, as the address of the page holds them. */
import type { DashboardQuery } from "@huleedu/bff-client";
import type { LocationQuery, LocationQueryRaw } from "vue-router";
import type { BatchStatus } from "@/utils/batch-mapper";

export const PAGE_SIZE = 20;

/** Groups of states that a teacher tells apart, and the API's states in each. */
export const STATE_GROUPS = {
  review: ["awaiting_review"],
  running: ["processing", "retried"],
  waiting: ["not_started", "ready"],
  done: ["completed_successfully", "completed_with_failures"],
  failed: ["failed", "cancelled"],
} as const satisfies Record<string, readonly BatchStatus[]>;
export type StateGroup = keyof typeof STATE_GROUPS;
export const GROUP_NAMES = Object.keys(STATE_GROUPS) as readonly StateGroup[];

/** `priority`: what needs the teacher, then what runs, then the rest; the newest first in each. */
export const SORTS = ["priority", "newest", "last_change"] as const;
export type LedgerSort = (typeof SORTS)[number];

export type LedgerQuery = {
  readonly groups: readonly StateGroup[];
  readonly classId: string;
  readonly sort: LedgerSort;
  /** From 1. */
  readonly page: number;
};

/** The query of an address; what it cannot mean is left out. */
export function parseLedgerQuery(query: LocationQuery): LedgerQuery {
  const wanted = String(query.state ?? "").split(",");
  const page = Number(query.page ?? 1);
  return {
    groups: GROUP_NAMES.filter((name) => wanted.includes(name)),
    classId: /^[0-9a-f-]{36}$/i.test(String(query.class ?? "")) ? String(query.class) : "",
    sort: SORTS.find((one) => one === query.sort) ?? "priority",
    page: Number.isSafeInteger(page) && page > 0 ? page : 1,
  };
}

/** The address of a query, without what is as usual. */
export function ledgerLocation({ groups, classId, sort, page }: LedgerQuery): LocationQueryRaw {
  return {
    ...(groups.length > 0 && { state: groups.join(",") }),
    ...(classId && { class: classId }),
    ...(sort !== "priority" && { sort }),
    ...(page > 1 && { page: String(page) }),
  };
}

/** The query of the API. */
export function apiQuery({ groups, classId, sort, page }: LedgerQuery): DashboardQuery {
  return {
    limit: PAGE_SIZE,
    offset: (page - 1) * PAGE_SIZE,
    sort: sort === "last_change" ? sort : "newest",
    ...(groups.length > 0 && { state: groups.flatMap((name) => [...STATE_GROUPS[name]]) }),
    ...(classId && { class_id: classId }),
  };
}

export function isFiltered({ groups, classId }: LedgerQuery): boolean {
  return groups.length > 0 || classId !== "";
}
