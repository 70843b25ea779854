"""Responses of other services, as far as they are read."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field


class SettingChange(Struct, frozen=True, kw_only=True):
    """One write of one namespace; `diff` is a JSON Patch."""

    sequence: int
    at: datetime
    actor: str
    correlation_id: str
    namespace: str
    version_before: int
    version_after: int
    reason: str
    diff: list[dict[str, Any]]


class SettingChangePage(Struct, frozen=True):
    """Newest first; `next_cursor` is the sequence of the last entry."""

    entries: list[SettingChange]
    next_cursor: str | None


class Balance(Struct, frozen=True):
    """0 also stands for a failure of the store."""

    user_balance: int


class CreditCheck(Struct, frozen=True):
    """`reason` tells too few credits from a failure."""

    available_credits: int
    reason: str | None = None


class CreditOperation(Struct, frozen=True, kw_only=True):
    """One booking; a manual one has the metric `manual_adjustment`, and lost its sign and reason."""

    id: str
    metric: str
    amount: int
    consumed_from: str
    correlation_id: str
    status: str = field(name="operation_status")
    created_at: datetime
    batch_id: str | None = None


class CreditOperations(Struct, frozen=True):
    """Newest first."""

    operations: list[CreditOperation]


class CreditsAdjusted(Struct, frozen=True):
    success: bool
    new_balance: int
    subject_id: str
    correlation_id: str


class CreditsSet(Struct, frozen=True):
    success: bool
    balance: int
    subject_id: str
    correlation_id: str


class HealthReport(Struct, frozen=True):
    """The fields that all services share; each has its own `dependencies`, or none."""

    status: str | None = None
    version: str | None = None
    dependencies: object = None


class EventsReport(Struct, frozen=True):
    """A consumer of the platform's events; a number is None while it is unknown.

    `lag` counts messages, `silent_seconds` since the last one, `rejects` messages that were put
    aside.
    """

    status: Literal["connected", "connecting", "absent"]
    lag: int | None = None
    silent_seconds: float | None = None
    rejects: int | None = None


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
