"""Where a person stands with us: the words that everything here is said in."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

FIRST_VERSION = 1
"""Of a standing that nobody has decided on yet, whether or not its row has been written."""


class Status(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"


class Action(StrEnum):
    APPROVE = "approve"
    DENY = "deny"

    @property
    def leads_to(self) -> Status:
        return Status.APPROVED if self is Action.APPROVE else Status.DENIED


@dataclass(frozen=True, slots=True)
class Standing:
    """Who decided, when and why is None until somebody has, and for whom was there before us."""

    user_id: UUID
    status: Status
    version: int
    requested_at: datetime
    decided_at: datetime | None = None
    decided_by: UUID | None = None
    decided_by_name: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants decided. `actor` None is the command line; `expected_version` None is any."""

    user_id: UUID
    action: Action
    expected_version: int | None
    actor: UUID | None
    correlation_id: UUID
    reason: str | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A decision that was found good; `version` is the one it makes."""

    order: Order
    before: Status
    after: Status
    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """An account of Identity's with its standing."""

    user_id: UUID
    email: str
    first_name: str | None
    last_name: str | None
    display_name: str | None
    org_id: str | None
    email_verified: bool
    registered_at: datetime
    standing: Standing


@dataclass(frozen=True, slots=True)
class PastDecision:
    """One line of the history; `sequence` grows from decision to decision."""

    sequence: int
    user_id: UUID
    action: Action
    before: Status
    after: Status
    version: int
    actor: UUID | None
    actor_name: str | None
    reason: str | None
    correlation_id: UUID
    decided_at: datetime
