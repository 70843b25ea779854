"""Accounts, their approval states, and the decisions on them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

FIRST_VERSION = 1
"""Version of a state that has no decision yet, with or without a row in `user_approvals`."""


class ApprovalStatus(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"


class DecisionAction(StrEnum):
    APPROVE = "approve"
    DENY = "deny"

    @property
    def resulting_status(self) -> ApprovalStatus:
        return ApprovalStatus.APPROVED if self is DecisionAction.APPROVE else ApprovalStatus.DENIED


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
    actor: UUID | None
    actor_name: str | None
    reason: str | None
    correlation_id: UUID
    decided_at: datetime
