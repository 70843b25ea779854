"""Bodies of Entitlements: a user's balance, and a check against it."""

import msgspec

INSUFFICIENT = "insufficient_credits"
UNLIMITED_METRIC = "ai_editor_revision"
"""A metric with a price and without a daily limit, so that a check depends on credits alone."""


class Balance(msgspec.Struct, frozen=True):
    """Zero for an unknown user and an empty account, and also when Entitlements fails.

    Today's Entitlements never fills `org_balance`.
    """

    user_balance: int
    org_balance: int | None = None


class CheckBody(msgspec.Struct, frozen=True):
    """Without an organisation, whose credits would be looked at first."""

    user_id: str
    metric: str = UNLIMITED_METRIC
    amount: int = 1


class CreditCheck(msgspec.Struct, frozen=True):
    """A denial and a failure are 200, too; `reason` tells them apart."""

    allowed: bool
    available_credits: int
    reason: str | None = None

    @property
    def finds_none(self) -> bool:
        """True when the account was read, and is empty."""
        denied = not self.allowed and self.reason == INSUFFICIENT
        return denied and self.available_credits == 0
