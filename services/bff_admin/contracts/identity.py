"""What identity_admin sends: accounts, where they stand, and what was decided on them."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

Status = Literal["pending", "approved", "denied"]
Action = Literal["approve", "deny"]


class Account(Struct, frozen=True, kw_only=True):
    """An account; who decided is None until somebody has."""

    user_id: str
    email: str
    first_name: str | None
    last_name: str | None
    display_name: str | None
    org: str | None = field(name="org_id")
    email_verified: bool
    registered_at: datetime
    status: Status
    version: int
    requested_at: datetime
    waiting_seconds: int | None
    decided_at: datetime | None
    decided_by: str | None
    decided_by_name: str | None
    reason: str | None


class Decision(Struct, frozen=True, kw_only=True):
    """One that was made; `decided_by` None is the command line."""

    sequence: int
    user_id: str
    action: Action
    from_status: Status
    to_status: Status
    version: int
    decided_at: datetime
    decided_by: str | None
    decided_by_name: str | None
    reason: str | None
    correlation_id: str


class AccountDetail(Account, frozen=True, kw_only=True):
    """Its history is oldest first."""

    history: list[Decision]


class AccountPage(Struct, frozen=True):
    """Longest waiting first."""

    users: list[Account]
    next_cursor: str | None


class DecisionPage(Struct, frozen=True):
    """Newest first; a cursor is the sequence of the last one given out."""

    decisions: list[Decision]
    next_cursor: str | None


class Standing(Struct, frozen=True, kw_only=True):
    """How an account stands after a decision."""

    user_id: str
    status: Status
    version: int
    decided_at: datetime | None
    decided_by: str | None
    decided_by_name: str | None
    reason: str | None


class ItemError(Struct, frozen=True):
    code: str
    message: str
    details: dict[str, Any]


class ItemResult(Struct, frozen=True, kw_only=True):
    user_id: str
    outcome: Literal["decided", "replayed", "conflict", "not_found", "refused", "failed"]
    status: int
    decision: Standing | None
    error: ItemError | None


class ItemResults(Struct, frozen=True):
    results: list[ItemResult]
