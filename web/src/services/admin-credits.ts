/** Reads and changes of a teacher's credits. */
import { AdminCreditChangeV1, AdminCreditsV1 } from "@huleedu/bff-client/schemas";
import type { z } from "zod";
import { getWithValidation } from "@/lib/api-client";
import { adminClient } from "@/services/admin";

export type Credits = z.infer<typeof AdminCreditsV1>;
export type CreditOperation = NonNullable<Credits["operations"]>[number];
/** `adjust` adds the number, which may be negative; `set` replaces the balance. */
export type CreditChange = {
  readonly userId: string;
  readonly action: "adjust" | "set";
  readonly credits: number;
  readonly reason: string;
};

export function readCredits(userId: string, signal: AbortSignal) {
  return getWithValidation(AdminCreditsV1, adminClient.credits(userId, { signal }));
}

/** Not repeatable: each request is a change of its own. */
export function changeCredits({ userId, action, credits, reason }: CreditChange) {
  const call =
    action === "adjust"
      ? adminClient.adjustCredits(userId, { amount: credits, reason })
      : adminClient.setCredits(userId, { balance: credits, reason });
  return getWithValidation(AdminCreditChangeV1, call);
}
