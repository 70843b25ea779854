"""In-memory approval repository; an exception in a transaction discards its writes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from bff_core.context import Deadline
from bff_core.errors import Unavailable
from services.identity_admin.models import ALL_ACCOUNTS, AccountScope, ApprovalState, Transition


class InMemoryApprovalTransaction:
    admins = None

    def __init__(self, state: ApprovalState | None) -> None:
        self.state = state
        self.transitions: list[Transition] = []

    async def record(self, transition: Transition) -> ApprovalState:
        assert self.state is not None
        self.state = replace(
            self.state,
            status=transition.to_status,
            version=transition.version,
            decided_at=transition.decided_at,
            decided_by=transition.command.actor,
            reason=transition.command.reason,
        )
        self.transitions.append(transition)
        return self.state

    async def grant_role(self, role: str, correlation_id: UUID, granted_at: datetime) -> bool:
        return True

    async def revoke_role(self, role: str, correlation_id: UUID, revoked_at: datetime) -> bool:
        return True


class InMemoryApprovalRepository:
    """`unavailable` holds the users whose transactions fail."""

    def __init__(self, *states: ApprovalState) -> None:
        self.states = {state.user_id: state for state in states}
        self.transitions: list[Transition] = []
        self.unavailable: set[UUID] = set()

    @asynccontextmanager
    async def begin(
        self,
        user_id: UUID,
        deadline: Deadline,
        scope: AccountScope = ALL_ACCOUNTS,
        ended_by: UUID | None = None,
    ) -> AsyncIterator[InMemoryApprovalTransaction]:
        if user_id in self.unavailable:
            raise Unavailable
        transaction = InMemoryApprovalTransaction(self.states.get(user_id))
        yield transaction
        if transaction.state is not None:
            self.states[user_id] = transaction.state
        self.transitions.extend(transaction.transitions)

    async def find_user_id(self, email: str, deadline: Deadline) -> UUID | None:
        return None
