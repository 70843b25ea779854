"""Credits of a teacher, and an admin's changes to them.

The platform keeps neither the admin nor the reason of a change, so both are logged here.
"""

from collections.abc import Awaitable

import structlog

from bff_core.composition import Fetched, Missing, Part, fan_out, optional
from bff_core.context import RequestContext
from bff_core.errors import BffError, DownstreamError
from services.bff_admin.contracts import CreditOperations
from services.bff_admin.dto.credits_v1 import (
    AdminCreditChangeV1,
    AdminCreditOperationV1,
    AdminCreditsV1,
    SetCreditsV1,
)
from services.bff_admin.dto.users_v1 import AdminUserDetailV1
from services.bff_admin.ports import Accounts, CreditChange, Credits, CreditsReadOnly
from services.bff_admin.screens.parts import describe_all, value_or_none

log = structlog.get_logger()


class CreditsScreen:
    """Optional parts of the read: `account`, `credits`, `operations`. A change needs all services.

    Without `account` all are missing: Identity alone knows whether the account is one of the
    admin's, and Entitlements answers for any.
    """

    def __init__(self, accounts: Accounts, credit_service: Credits) -> None:
        self._accounts = accounts
        self._credits = credit_service

    async def load(self, ctx: RequestContext, user_id: str) -> AdminCreditsV1:
        """Compose the credits.

        Raises:
            NotFound: There is no such account.
        """
        async with fan_out() as group:
            reading = group.create_task(optional(self._account(ctx, user_id)))
            balance = group.create_task(optional(self._credits.available(ctx, user_id)))
            booked = group.create_task(self._operations(ctx, user_id))
        account, available = reading.result(), balance.result()
        operations, adjustable = booked.result()
        if adjustable is False and isinstance(available, Missing):
            # A failing service answers as it does for a route that it lacks.
            operations, adjustable = available, None
        if isinstance(account, Missing):
            available, operations, adjustable = account, account, None
        found, rows = value_or_none(account), value_or_none(operations)
        parts = {"account": account, "credits": available, "operations": operations}
        return AdminCreditsV1(
            user_id=user_id,
            email=found.email if found else None,
            available=value_or_none(available),
            adjustable=adjustable,
            operations=rows
            and [
                AdminCreditOperationV1.model_validate(row, from_attributes=True)
                for row in rows.operations
            ],
            parts=describe_all(parts),
        )

    async def set(
        self, ctx: RequestContext, user_id: str, wanted: SetCreditsV1
    ) -> AdminCreditChangeV1:
        """Replace the balance.

        Raises:
            NotFound: There is no such account.
            CreditsReadOnly: The platform offers no change; nothing was sent.
            DownstreamError: `details.outcome` is "unknown" when it may have been done.
        """
        await require_adjustable(self._accounts, self._credits, ctx, user_id)
        call = self._credits.set(ctx, user_id, wanted.balance)
        return await logged_change(
            call, ctx, user_id, action="set", amount=wanted.balance, reason=wanted.reason
        )

    async def _account(self, ctx: RequestContext, user_id: str) -> Fetched[AdminUserDetailV1]:
        return Fetched(await self._accounts.one(ctx, user_id))

    async def _operations(
        self, ctx: RequestContext, user_id: str
    ) -> tuple[Part[CreditOperations], bool | None]:
        """The operations, and True if the platform offers changes, None if that is not known."""
        try:
            return await self._credits.operations(ctx, user_id), True
        except CreditsReadOnly as error:
            return Missing(error.code), False
        except DownstreamError as error:
            return Missing(error.code), None


async def require_adjustable(
    accounts: Accounts, credit_service: Credits, ctx: RequestContext, user_id: str
) -> None:
    """The platform books for any id, and answers an absent route like a failed change."""
    async with fan_out() as group:
        group.create_task(accounts.one(ctx, user_id))
        group.create_task(credit_service.operations(ctx, user_id))


async def logged_change(
    change: Awaitable[CreditChange],
    ctx: RequestContext,
    user_id: str,
    *,
    action: str,
    amount: int,
    reason: str,
) -> AdminCreditChangeV1:
    """Log who decides what and why before the change is sent, and its outcome afterwards.

    `operation_id` is the correlation id under which the platform books it.
    """
    log.info(
        "credits_change_sent",
        admin_id=ctx.user_id,
        account_id=user_id,
        operation_id=ctx.correlation_id,
        action=action,
        credits=amount,
        reason=reason,
    )
    try:
        done = await change
    except BffError as error:
        outcome = error.details.get("outcome", "not_done")
        log.warning("credits_change_failed", account_id=user_id, outcome=outcome, code=error.code)
        raise
    log.info("credits_changed", account_id=user_id, available=done.available)
    return AdminCreditChangeV1(
        user_id=user_id, available=done.available, correlation_id=done.correlation_id
    )
