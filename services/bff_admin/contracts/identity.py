"""Responses of identity_admin: accounts and the decisions on them."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

Status = Literal["pending", "approved", "denied", "deactivated"]
Action = Literal["approve", "deny", "deactivate", "reactivate", "invite"]


class Account(Struct, frozen=True, kw_only=True):
    """An account; the `decided_` fields are None until the first decision."""

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
    """One decision; `decided_by` is None for the command line."""

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
    """An account with its decisions, oldest first."""

    history: list[Decision]


class AccountPage(Struct, frozen=True):
    """Longest waiting first."""

    users: list[Account]
    next_cursor: str | None


class DecisionPage(Struct, frozen=True):
    """Newest first; `next_cursor` is the sequence of the last entry."""

    decisions: list[Decision]
    next_cursor: str | None


class AccountState(Struct, frozen=True, kw_only=True):
    """An account after a decision."""

    user_id: str
    status: Status
    version: int
    decided_at: datetime | None
    decided_by: str | None
    decided_by_name: str | None
    reason: str | None


class Invitation(Struct, frozen=True, kw_only=True):
    """An account as an invitation made it."""

    user_id: str
    email: str
    first_name: str
    last_name: str
    org: str | None = field(name="org_id")
    status: Status
    version: int
    invited_at: datetime
    expires_at: datetime


class ItemError(Struct, frozen=True):
    code: str
    message: str
    details: dict[str, Any]


class ItemResult(Struct, frozen=True, kw_only=True):
    user_id: str
    outcome: Literal["decided", "replayed", "conflict", "not_found", "refused", "failed"]
    status: int
    decision: AccountState | None
    error: ItemError | None


class ItemResults(Struct, frozen=True):
    results: list[ItemResult]
