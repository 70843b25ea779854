"""Decisions on one account, or on many."""

from dataclasses import dataclass
from uuid import UUID

import structlog

from bff_core.clock import Clock
from bff_core.context import Deadline, RequestContext
from bff_core.errors import BffError, Conflict, NotFound, Unavailable
from bff_core.inputs import is_uuid
from services.identity_admin.approval import decide
from services.identity_admin.dto.user_decision_v1 import (
    DecisionItemV1,
    DecisionsRequestV1,
    DecisionsResultV1,
    ItemErrorV1,
    ItemOutcome,
    ItemResultV1,
    UserDecisionV1,
)
from services.identity_admin.models import (
    ALL_ACCOUNTS,
    AccountScope,
    Admin,
    DecisionAction,
    DecisionCommand,
)
from services.identity_admin.ports import ApprovalRepository

log = structlog.get_logger()


def parse_user_id(text: str) -> UUID:
    """Parse the user id of a path.

    Raises:
        NotFound: The text is no UUID, so no account has this id.
    """
    if not is_uuid(text):
        raise NotFound
    return UUID(text)


@dataclass(frozen=True, slots=True)
class DecisionOutcome:
    """State after the command; `replayed` when the status was that already and nothing was written."""

    decision: UserDecisionV1
    replayed: bool


class DecideHandler:
    def __init__(self, repository: ApprovalRepository, clock: Clock) -> None:
        self._repository = repository
        self._clock = clock

    async def decide(
        self,
        ctx: RequestContext,
        admin: Admin,
        user_id: str,
        action: DecisionAction,
        expected_version: int,
        *,
        reason: str | None,
    ) -> DecisionOutcome:
        """Execute the decision that a request describes."""
        command = DecisionCommand(
            user_id=parse_user_id(user_id),
            action=action,
            expected_version=expected_version,
            actor=admin.user_id,
            correlation_id=UUID(ctx.correlation_id),
            reason=reason,
            service=ctx.service_id,
        )
        return await self.execute(command, ctx.deadline, admin.scope)

    async def execute(
        self, command: DecisionCommand, deadline: Deadline, scope: AccountScope = ALL_ACCOUNTS
    ) -> DecisionOutcome:
        """Decide and write in one transaction.

        Raises:
            BffError: As `approval.decide` does, and Unavailable when the database is down.
        """
        ended_by = command.actor if command.action.ends_access else None
        begun = self._repository.begin(command.user_id, deadline, scope, ended_by)
        async with begun as transaction:
            state = transaction.state
            transition = decide(state, command, self._clock.now(), transaction.admins)
            if transition is not None:
                state = await transaction.record(transition)
            assert state is not None  # noqa: S101 - decide() refuses a missing account
        log.info("account_decided", action=command.action.value, replayed=transition is None)
        decision = UserDecisionV1.model_validate(state, from_attributes=True)
        return DecisionOutcome(decision, replayed=transition is None)

    async def decide_many(
        self, ctx: RequestContext, admin: Admin, request: DecisionsRequestV1
    ) -> DecisionsResultV1:
        """Decide on each item in order, in a transaction each; a failed item stops no other."""
        return DecisionsResultV1(
            results=[await self._decide_item(ctx, admin, item) for item in request.items]
        )

    async def _decide_item(
        self, ctx: RequestContext, admin: Admin, item: DecisionItemV1
    ) -> ItemResultV1:
        try:
            if ctx.deadline.passed:
                raise Unavailable(details={"reason": "out_of_time"}, retry_after=1)
            action = DecisionAction(item.decision)
            done = await self.decide(
                ctx, admin, item.user_id, action, item.expected_version, reason=item.reason
            )
        except BffError as error:
            return ItemResultV1(
                user_id=item.user_id,
                outcome=_outcome_of(error),
                status=error.status,
                decision=None,
                error=ItemErrorV1(code=error.code, message=error.text, details=error.details),
            )
        return ItemResultV1(
            user_id=item.user_id,
            outcome="replayed" if done.replayed else "decided",
            status=200,
            decision=done.decision,
            error=None,
        )


def _outcome_of(error: BffError) -> ItemOutcome:
    match error:
        case Conflict():
            return "conflict"
        case NotFound():
            return "not_found"
        case _:
            return "failed" if error.status >= 500 else "refused"
