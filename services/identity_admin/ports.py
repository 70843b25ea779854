"""Ports to Identity's database."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from bff_core.context import Deadline
from services.identity_admin.models import (
    ALL_ACCOUNTS,
    AccountScope,
    ActiveAdmins,
    Admin,
    ApprovalState,
    ApprovalStatus,
    Invitation,
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

    @property
    def admins(self) -> ActiveAdmins | None:
        """The admins that are locked, too; None unless somebody's access may be ended."""
        ...

    async def record(self, transition: Transition) -> ApprovalState:
        """Write state, history, audit row and events.

        An action that ends access ends the sessions and revokes the tokens.
        """
        ...

    async def grant_role(self, role: str, correlation_id: UUID, granted_at: datetime) -> bool:
        """Add the role to the account; False when it had the role."""
        ...

    async def revoke_role(self, role: str, correlation_id: UUID, revoked_at: datetime) -> bool:
        """Take the role and revoke the account's tokens; False when it had no such role."""
        ...


class ApprovalRepository(Protocol):
    def begin(
        self,
        user_id: UUID,
        deadline: Deadline,
        scope: AccountScope = ALL_ACCOUNTS,
        ended_by: UUID | None = None,
    ) -> AbstractAsyncContextManager[ApprovalTransaction]:
        """Commit on a normal exit, roll back on an exception.

        An account outside the scope is unknown. `ended_by` is the admin who ends its access.

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
    scope: AccountScope = ALL_ACCOUNTS


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
    scope: AccountScope = ALL_ACCOUNTS


class ApprovalQueries(Protocol):
    """Read access; every method raises Unavailable as `ApprovalRepository.begin` does."""

    async def list_users(
        self, conditions: UserFilter, after: PageCursor | None, limit: int, deadline: Deadline
    ) -> Sequence[UserAccount]:
        """Accounts by the time of their request, oldest first; decisions do not change the order."""
        ...

    async def get_user(
        self, user_id: UUID, scope: AccountScope, deadline: Deadline
    ) -> UserAccount | None: ...

    async def list_decisions(
        self, conditions: DecisionFilter, limit: int, deadline: Deadline
    ) -> Sequence[PastDecision]:
        """Past decisions, newest first."""
        ...


class Administrators(Protocol):
    async def find(self, user_id: str) -> Admin | None:
        """The admin; None unless an approved account with the role in Identity's `users` table.

        Raises:
            NoOrganisation: Admins see one organisation each, and this one belongs to none.
        """
        ...


class Invitations(Protocol):
    async def create(self, invitation: Invitation, deadline: Deadline) -> tuple[Invitation, bool]:
        """Write the account, its approval, history, audit row and events in one transaction.

        Returns the invitation, and True when an earlier request with this key has made it.

        Raises:
            KeyReused: The key belongs to another request of this admin.
            AddressTaken: There is an account with this address.
            Unavailable: As `ApprovalRepository.begin` does.
        """
        ...
