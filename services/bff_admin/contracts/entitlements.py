"""Responses of the platform's Entitlements: balances, checks and operations."""

from datetime import datetime

from msgspec import Struct, field


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
