"""Entitlements: it gives any user's balance to any caller, and zeros when it fails."""

from dataclasses import replace

import msgspec

from bff_core.client import Credentials, JsonDecoder, ServiceClient
from bff_core.clock import Clock
from bff_core.composition import Fetched, combined
from bff_core.context import Deadline, RequestContext, UserId
from bff_core.errors import DownstreamFailed, DownstreamTimeout, Unavailable
from bff_core.settings import Operation
from services.bff_teacher.contracts.entitlements import Balance, CheckBody, CreditCheck
from services.bff_teacher.shared_reads import RecentReads

CHECK_MAX_AGE = 10.0
"""Seconds for which a check of an empty account is used."""


class HttpCredits:
    """A balance of zero counts only if a check, which tells failures apart, finds none either."""

    def __init__(
        self, entitlements: ServiceClient, clock: Clock, *, balance: Operation, check: Operation
    ) -> None:
        self._entitlements = entitlements
        self._balance = entitlements.endpoint(
            "balance", balance, JsonDecoder(Balance), credentials=Credentials()
        )
        self._check = entitlements.endpoint(
            "check_credits", check, JsonDecoder(CreditCheck), credentials=Credentials()
        )
        self._clock, self._check_seconds = clock, check.budget
        self._empty_accounts = RecentReads[bool](clock, max_age=CHECK_MAX_AGE)

    async def balance(self, ctx: RequestContext) -> Fetched[Balance]:
        found = await self._balance.get(ctx, ("v1", "entitlements", "balance", ctx.user_id))
        if found.value.user_balance != 0:
            return found
        try:
            is_empty = await self._empty_accounts.get(ctx, "empty", lambda: self._finds_none(ctx))
        except Unavailable as error:
            raise DownstreamTimeout("entitlements", reason="no_time_left") from error
        if not is_empty.value:
            raise DownstreamFailed("entitlements", reason="unconfirmed_zero")
        return combined(found.value, (found, is_empty))

    def forget(self, user_id: UserId | None) -> None:
        """Drop the reads of a user, or of all."""
        self._entitlements.forget(user_id)
        self._empty_accounts.forget(user_id)

    async def aclose(self) -> None:
        await self._empty_accounts.aclose()

    async def _finds_none(self, ctx: RequestContext) -> bool:
        body = msgspec.json.encode(CheckBody(ctx.user_id))
        # Others wait for it, too, who may have more time than the caller.
        shared = replace(ctx, deadline=Deadline.after(self._check_seconds, self._clock))
        answer = await self._check.post(shared, ("v1", "entitlements", "check-credits"), body)
        return answer.finds_none
