"""An adjustment of credits that is booked once, however often its key is sent.

The platform takes no key, but keeps the correlation id of each booking. So the id of a keyed
adjustment is made from its key, and the platform's own bookings tell whether it was made.
"""

from dataclasses import replace
from uuid import UUID, uuid5

from bff_core.composition import REPLAYED, WithHeaders, fan_out
from bff_core.context import CorrelationId, RequestContext
from bff_core.errors import BffError, Conflict, DownstreamError
from services.bff_admin.contracts import CreditOperation
from services.bff_admin.dto.credits_v1 import AdjustCreditsV1, AdminCreditChangeV1
from services.bff_admin.ports import MARK_SECONDS, Accounts, ChangeMarks, Credits
from services.bff_admin.screens.credits import logged_change, require_adjustable

SERVER_ERROR = 500
_NAMESPACE = UUID("5f6b5a0e-2f0c-4a55-9a3e-6f7f7c1f4a10")


class AdjustmentScreen:
    """All services are required, and with a key the marks as well."""

    def __init__(self, accounts: Accounts, credit_service: Credits, marks: ChangeMarks) -> None:
        self._accounts = accounts
        self._credits = credit_service
        self._marks = marks

    async def adjust(
        self, ctx: RequestContext, user_id: str, wanted: AdjustCreditsV1, key: str | None
    ) -> WithHeaders[AdminCreditChangeV1]:
        """Add to the balance, or take from it.

        Raises:
            NotFound: There is no such account.
            CreditsReadOnly: The platform offers no change; nothing was sent.
            Conflict: The key belongs to another amount, or was sent so lately that it is not known
                whether that was booked.
            Unavailable: It cannot be known whether the key was sent before; nothing was sent.
            DownstreamError: `details.outcome` is "unknown" when it may have been done.
        """
        if key is None:
            await require_adjustable(self._accounts, self._credits, ctx, user_id)
            return WithHeaders(await self._send(ctx, user_id, wanted))
        booking = replace(ctx, correlation_id=_booking_id(ctx, user_id, wanted.amount, key))
        is_first = await self._marks.take(booking.correlation_id)
        try:
            return await self._adjust_once(ctx, booking, user_id, wanted, is_first=is_first)
        except BffError as error:
            if not is_first and error.status >= SERVER_ERROR:
                # Nothing was sent now, but it was before.
                error.details["outcome"] = "unknown"
            if is_first and error.details.get("outcome") != "unknown":
                await self._marks.drop(booking.correlation_id)
            raise

    async def _adjust_once(
        self,
        ctx: RequestContext,
        booking: RequestContext,
        user_id: str,
        wanted: AdjustCreditsV1,
        *,
        is_first: bool,
    ) -> WithHeaders[AdminCreditChangeV1]:
        booked = await self._booked(ctx, booking, user_id)
        if booked is not None:
            return await self._replay(ctx, user_id, wanted, booked)
        if not is_first:
            raise Conflict(
                "It is not known yet whether an earlier request with this Idempotency-Key was"
                " carried out: send it again in a minute",
                details={"reason": "outcome_unknown", "outcome": "unknown"},
                # Then no mark is in the way, and the bookings tell.
                retry_after=MARK_SECONDS,
            )
        return WithHeaders(await self._send(booking, user_id, wanted))

    async def _booked(
        self, ctx: RequestContext, booking: RequestContext, user_id: str
    ) -> CreditOperation | None:
        """The booking with this id, if the account is one of the admin's and there is one."""
        async with fan_out() as group:
            group.create_task(self._accounts.one(ctx, user_id))
            found = group.create_task(self._credits.booked(booking, user_id))
        rows = found.result().value.operations
        return next((row for row in rows if row.status != "failed"), None)

    async def _replay(
        self, ctx: RequestContext, user_id: str, wanted: AdjustCreditsV1, booked: CreditOperation
    ) -> WithHeaders[AdminCreditChangeV1]:
        if booked.amount != abs(wanted.amount):
            message = "This Idempotency-Key belongs to another request"
            raise Conflict(message, details={"reason": "idempotency_key_reused"})
        try:
            balance = await self._credits.available(ctx, user_id)
        except DownstreamError as error:
            error.details["outcome"] = "unknown"
            raise
        change = AdminCreditChangeV1(
            user_id=user_id, available=balance.value, correlation_id=booked.correlation_id
        )
        return WithHeaders(change, REPLAYED)

    async def _send(
        self, ctx: RequestContext, user_id: str, wanted: AdjustCreditsV1
    ) -> AdminCreditChangeV1:
        call = self._credits.adjust(ctx, user_id, wanted.amount, wanted.reason)
        return await logged_change(
            call, ctx, user_id, action="adjust", amount=wanted.amount, reason=wanted.reason
        )


def _booking_id(ctx: RequestContext, user_id: str, amount: int, key: str) -> CorrelationId:
    """The same for the same admin, account, direction and key; the platform keeps no sign."""
    direction = "add" if amount > 0 else "take"
    name = f"{ctx.user_id}\n{user_id.lower()}\n{direction}\n{key}"
    return CorrelationId(str(uuid5(_NAMESPACE, name)))
