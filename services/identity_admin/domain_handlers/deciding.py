"""Deciding on one account: judged and written in one transaction, or not at all."""

from dataclasses import dataclass
from uuid import UUID

import structlog

from bff_core.clock import Clock
from bff_core.context import Deadline, RequestContext
from services.identity_admin.approval import judge
from services.identity_admin.domain_handlers.identifiers import person_in
from services.identity_admin.domain_handlers.rendering import decision_of
from services.identity_admin.dto.user_decision_v1 import UserDecisionV1
from services.identity_admin.protocols import Casebook
from services.identity_admin.standing import Action, Order

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Decided:
    """`replayed`: it had been decided so before, and nothing was written."""

    body: UserDecisionV1
    replayed: bool


class Deciding:
    def __init__(self, casebook: Casebook, clock: Clock) -> None:
        self._casebook = casebook
        self._clock = clock

    async def decide(
        self,
        ctx: RequestContext,
        user_id: str,
        action: Action,
        expected_version: int,
        reason: str | None,
    ) -> Decided:
        """Decide on the person that a path names."""
        order = order_for(ctx, person_in(user_id), action, expected_version, reason)
        return await self.carry_out(order, ctx.deadline)

    async def carry_out(self, order: Order, deadline: Deadline) -> Decided:
        """Raises as `judge` does, and Unavailable when the database is away."""
        async with self._casebook.open(order.user_id, deadline) as case:
            change = judge(case.standing, order, self._clock.now())
            standing = case.standing if change is None else await case.record(change)
            assert standing is not None  # noqa: S101 - judge refuses a missing person
        log.info("account_decided", action=order.action.value, replayed=change is None)
        return Decided(decision_of(standing), replayed=change is None)


def order_for(
    ctx: RequestContext,
    user_id: UUID,
    action: Action,
    expected_version: int,
    reason: str | None,
) -> Order:
    return Order(
        user_id=user_id,
        action=action,
        expected_version=expected_version,
        # The guard let through nobody whose id is not in Identity's table.
        actor=UUID(ctx.user_id),
        correlation_id=UUID(ctx.correlation_id),
        reason=reason,
        service=ctx.service_id,
    )
