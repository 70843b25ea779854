"""Decisions of identity_admin, as the audit reads them; its accounts are read as their DTOs."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

Status = Literal["pending", "approved", "denied", "deactivated"]
Action = Literal["approve", "deny", "deactivate", "reactivate", "invite"]


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


class DecisionPage(Struct, frozen=True):
    """Newest first; `next_cursor` is the sequence of the last entry."""

    decisions: list[Decision]
    next_cursor: str | None
