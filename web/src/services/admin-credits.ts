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

/** With the key of an earlier attempt, an adjustment is not booked twice. */
export function changeCredits(
  { userId, action, credits, reason }: CreditChange,
  idempotencyKey?: string,
) {
  const call =
    action === "adjust"
      ? adminClient.adjustCredits(userId, { amount: credits, reason }, { idempotencyKey })
      : adminClient.setCredits(userId, { balance: credits, reason });
  return getWithValidation(AdminCreditChangeV1, call);
}
