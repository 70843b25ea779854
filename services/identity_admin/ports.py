"""Ports to Identity's database."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from bff_core.context import Deadline
from services.identity_admin.models import (
    ApprovalState,
    ApprovalStatus,
    PastDecision,
    Transition,
    UserAccount,
)


class ApprovalTransaction(Protocol):
    """One database transaction that holds the lock on one account's approval."""

    @property
    def state(self) -> ApprovalState | None:
        """State at the start of the transaction; None for an unknown account."""
        ...

    async def record(self, transition: Transition) -> ApprovalState:
        """Write state, history, audit row and events; a denial ends sessions and revokes tokens."""
        ...

    async def grant_role(self, role: str, correlation_id: UUID, granted_at: datetime) -> bool:
        """Add the role to the account; False when it had the role."""
        ...

    async def revoke_role(self, role: str, correlation_id: UUID, revoked_at: datetime) -> bool:
        """Take the role and revoke the account's tokens; False when it had no such role."""
        ...


class ApprovalRepository(Protocol):
    def begin(
        self, user_id: UUID, deadline: Deadline
    ) -> AbstractAsyncContextManager[ApprovalTransaction]:
        """Commit on a normal exit, roll back on an exception.

        Raises:
            Unavailable: The database cannot be reached, or the deadline has passed.
        """
        ...

    async def find_user_id(self, email: str, deadline: Deadline) -> UUID | None:
        """Id of the account with this address, ignoring case and surrounding blanks."""
        ...


@dataclass(frozen=True, slots=True)
class UserFilter:
    """Conditions on accounts; None matches all. `text` is searched in addresses and names."""

    status: ApprovalStatus | None = None
    org_id: str | None = None
    verified: bool | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class PageCursor:
    """Sort key of the last account of a page."""

    requested_at: datetime
    user_id: UUID


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """Conditions on past decisions; None matches all. `before` is a sequence number."""

    actor: UUID | None = None
    user_id: UUID | None = None
    since: datetime | None = None
    before: int | None = None


class ApprovalQueries(Protocol):
    """Read access; every method raises Unavailable as `ApprovalRepository.begin` does."""

    async def list_users(
        self, conditions: UserFilter, after: PageCursor | None, limit: int, deadline: Deadline
    ) -> Sequence[UserAccount]:
        """Accounts by the time of their request, oldest first; decisions do not change the order."""
        ...

    async def get_user(self, user_id: UUID, deadline: Deadline) -> UserAccount | None: ...

    async def list_decisions(
        self, conditions: DecisionFilter, limit: int, deadline: Deadline
    ) -> Sequence[PastDecision]:
        """Past decisions, newest first."""
        ...


class Administrators(Protocol):
    async def includes(self, user_id: str) -> bool:
        """True for an approved account with the admin role in Identity's `users` table."""
        ...
