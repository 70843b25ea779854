"""Admin role for an account: granted and taken on the command line."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from bff_core.clock import Clock
from bff_core.context import Deadline
from bff_core.errors import NotFound
from services.identity_admin.approval import LastAdmin, decide
from services.identity_admin.models import (
    ApprovalState,
    ApprovalStatus,
    DecisionAction,
    DecisionCommand,
)
from services.identity_admin.ports import ApprovalRepository

_REASON = "granted admin on the command line"


@dataclass(frozen=True, slots=True)
class GrantOutcome:
    """Changes that were made; both False for an approved admin."""

    role_added: bool
    approved: bool


class AdminRoleHandler:
    """Each method raises NotFound when no account has the address."""

    def __init__(self, repository: ApprovalRepository, role: str, clock: Clock) -> None:
        self._repository = repository
        self._role = role
        self._clock = clock

    async def grant(self, email: str, deadline: Deadline) -> GrantOutcome:
        """Add the role and approve or reactivate the account in one transaction."""
        user_id = await self._find(email, deadline)
        async with self._repository.begin(user_id, deadline) as transaction:
            now = self._clock.now()
            command = _approval_of(user_id, transaction.state)
            transition = decide(transaction.state, command, now)
            if transition is not None:
                await transaction.record(transition)
            role_added = await transaction.grant_role(self._role, command.correlation_id, now)
        return GrantOutcome(role_added, approved=transition is not None)

    async def revoke(self, email: str, deadline: Deadline, *, keeps_last: bool) -> bool:
        """Take the role in one transaction; False when the account had no such role.

        Raises:
            LastAdmin: The organisation would have no admin left, and it `keeps_last`.
        """
        user_id = await self._find(email, deadline)
        ended_by = user_id if keeps_last else None
        async with self._repository.begin(user_id, deadline, ended_by=ended_by) as transaction:
            if transaction.admins is not None and transaction.admins.would_lose_last(user_id):
                raise LastAdmin
            return await transaction.revoke_role(self._role, uuid4(), self._clock.now())

    async def _find(self, email: str, deadline: Deadline) -> UUID:
        user_id = await self._repository.find_user_id(email, deadline)
        if user_id is None:
            raise NotFound
        return user_id


def _approval_of(user_id: UUID, state: ApprovalState | None) -> DecisionCommand:
    is_deactivated = state is not None and state.status is ApprovalStatus.DEACTIVATED
    return DecisionCommand(
        user_id=user_id,
        action=DecisionAction.REACTIVATE if is_deactivated else DecisionAction.APPROVE,
        expected_version=None,
        actor=None,
        correlation_id=uuid4(),
        reason=_REASON,
    )
