/** Reads of the accounts, and decisions on them. */
import type { Api, PendingUsersQuery, UsersQuery } from "@huleedu/bff-client";
import {
  AdminInvitationV1,
  AdminPendingUsersV1,
  AdminUserDecisionsV1,
  AdminUserDecisionV1,
  AdminUserDetailV1,
  AdminUsersV1,
} from "@huleedu/bff-client/schemas";
import type { z } from "zod";
import { getWithValidation } from "@/lib/api-client";
import { adminClient } from "@/services/admin";

export type Account = z.infer<typeof AdminUsersV1>["users"][number];
export type AccountDetail = z.infer<typeof AdminUserDetailV1>;
export type AccountStatus = Account["status"];
export type PastDecision = AccountDetail["history"][number];
export type ItemResult = z.infer<typeof AdminUserDecisionsV1>["results"][number];
/** Decisions that several accounts can get at once. */
export type BatchVerdict = "approve" | "deny";
export type Verdict = BatchVerdict | "deactivate" | "reactivate";
export type Person = Api.InviteUserV1;
export type Invitation = z.infer<typeof AdminInvitationV1>;
/** Accounts with the versions that the admin has seen; `reason` is empty for none. */
export type Decision<V extends Verdict = Verdict> = {
  readonly verdict: V;
  readonly accounts: readonly Pick<Account, "user_id" | "version">[];
  readonly reason: string;
};

export function readWaiting(query: PendingUsersQuery, signal: AbortSignal) {
  return getWithValidation(AdminPendingUsersV1, adminClient.pendingUsers(query, { signal }));
}

export function readAccounts(query: UsersQuery, signal: AbortSignal) {
  return getWithValidation(AdminUsersV1, adminClient.users(query, { signal }));
}

export function readAccount(userId: string, signal?: AbortSignal): Promise<AccountDetail> {
  return getWithValidation(AdminUserDetailV1, adminClient.user(userId, { signal }));
}

/** Decides on one account, whose history then has the reason or note. */
export function decideOne({ verdict, accounts, reason }: Decision, idempotencyKey?: string) {
  const [account] = accounts;
  if (!account) throw new RangeError("A decision needs an account");
  const { user_id, version: expected_version } = account;
  const [decided, options] = [{ expected_version, reason }, { idempotencyKey }];
  const calls = {
    approve: () =>
      adminClient.approveUser(user_id, { expected_version, note: reason || null }, options),
    deny: () => adminClient.denyUser(user_id, decided, options),
    deactivate: () => adminClient.deactivateUser(user_id, decided, options),
    reactivate: () => adminClient.reactivateUser(user_id, decided, options),
  };
  return getWithValidation(AdminUserDecisionV1, calls[verdict]());
}

/** Makes an account in the admin's school; its person sets a password by mail. */
export function invite(person: Person, idempotencyKey?: string): Promise<Invitation> {
  return getWithValidation(AdminInvitationV1, adminClient.inviteUser(person, { idempotencyKey }));
}

/** Decides on several accounts, each for itself. */
export function decideMany(
  { verdict, accounts, reason }: Decision<BatchVerdict>,
  idempotencyKey?: string,
) {
  const items = accounts.map(({ user_id, version }) => ({
    user_id,
    decision: verdict,
    expected_version: version,
    reason: reason || null,
  }));
  const call = adminClient.decideUsers({ items }, { idempotencyKey });
  return getWithValidation(AdminUserDecisionsV1, call);
}
