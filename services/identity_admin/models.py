"""Accounts, their approval states, and the decisions on them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

FIRST_VERSION = 1
"""Version of a state that has no decision yet, with or without a row in `user_approvals`."""
INVITED_VERSION = FIRST_VERSION + 1
"""Registered and approved at once."""


class ApprovalStatus(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    DEACTIVATED = "deactivated"


class DecisionAction(StrEnum):
    """INVITE makes the account, too; the others are about one that exists."""

    APPROVE = "approve"
    DENY = "deny"
    DEACTIVATE = "deactivate"
    REACTIVATE = "reactivate"
    INVITE = "invite"

    @property
    def resulting_status(self) -> ApprovalStatus:
        return _RESULTS[self]

    @property
    def ends_access(self) -> bool:
        return self.resulting_status in {ApprovalStatus.DENIED, ApprovalStatus.DEACTIVATED}


_RESULTS: Mapping[DecisionAction, ApprovalStatus] = MappingProxyType(
    {
        DecisionAction.APPROVE: ApprovalStatus.APPROVED,
        DecisionAction.DENY: ApprovalStatus.DENIED,
        DecisionAction.DEACTIVATE: ApprovalStatus.DEACTIVATED,
        DecisionAction.REACTIVATE: ApprovalStatus.APPROVED,
        DecisionAction.INVITE: ApprovalStatus.APPROVED,
    }
)


@dataclass(frozen=True, slots=True)
class AccountScope:
    """Accounts that exist for an admin: those of one organisation, or all when it is None."""

    org_id: str | None = None


ALL_ACCOUNTS = AccountScope()


@dataclass(frozen=True, slots=True)
class Admin:
    """An approved account with the admin role, as Identity's tables have it now."""

    user_id: UUID
    org_id: str | None
    scope: AccountScope = ALL_ACCOUNTS


@dataclass(frozen=True, slots=True)
class ActiveAdmins:
    """Locked admins: those of the organisation of the account that a decision is about."""

    of_organisation: frozenset[UUID]
    actor_is_admin: bool

    def would_lose_last(self, user_id: UUID) -> bool:
        return self.of_organisation == {user_id}


@dataclass(frozen=True, slots=True)
class ApprovalState:
    """Approval of one account; the decision's fields are None before the first decision."""

    user_id: UUID
    status: ApprovalStatus
    version: int
    requested_at: datetime
    decided_at: datetime | None = None
    decided_by: UUID | None = None
    decided_by_name: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class DecisionCommand:
    """Request to decide on one account.

    `expected_version` None accepts any version; `actor` None is the command line.
    """

    user_id: UUID
    action: DecisionAction
    expected_version: int | None
    actor: UUID | None
    correlation_id: UUID
    reason: str | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """Accepted change of an account's status; `version` is the new one."""

    command: DecisionCommand
    from_status: ApprovalStatus
    to_status: ApprovalStatus
    version: int
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class UserAccount:
    user_id: UUID
    email: str
    first_name: str | None
    last_name: str | None
    display_name: str | None
    org_id: str | None
    email_verified: bool
    registered_at: datetime
    approval: ApprovalState


@dataclass(frozen=True, slots=True)
class PastDecision:
    """One row of the history; `sequence` grows with each decision on any account."""

    sequence: int
    user_id: UUID
    action: DecisionAction
    from_status: ApprovalStatus
    to_status: ApprovalStatus
    version: int
    decided_by: UUID | None
    decided_by_name: str | None
    reason: str | None
    correlation_id: UUID
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """Request for an account that may sign in as soon as its person has set a password.

    `key` is the admin's name for this submission; equal submissions have equal fingerprints. The
    mailed token works until `expires_at`.
    """

    user_id: UUID
    email: str
    first_name: str
    last_name: str
    org_id: str | None
    note: str | None
    actor: UUID
    key: str
    fingerprint: str
    token: UUID
    invited_at: datetime
    expires_at: datetime
    correlation_id: UUID
    service: str | None = None

    @property
    def transition(self) -> Transition:
        """Registered and approved at once."""
        return Transition(
            DecisionCommand(
                user_id=self.user_id,
                action=DecisionAction.INVITE,
                expected_version=None,
                actor=self.actor,
                correlation_id=self.correlation_id,
                reason=self.note,
                service=self.service,
            ),
            from_status=ApprovalStatus.PENDING,
            to_status=ApprovalStatus.APPROVED,
            version=INVITED_VERSION,
            decided_at=self.invited_at,
        )
