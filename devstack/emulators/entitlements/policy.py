"""Prices and daily limits of Entitlements."""

from collections.abc import Mapping
from typing import Literal

Denial = Literal["insufficient_credits", "rate_limit_exceeded"]

# Credits of one call; every other kind is free.
PRICES = {"cj_comparison": 1, "ai_feedback_generation": 5, "ai_editor_revision": 3}
# The emulator counts no calls of the past: one request alone may pass a limit.
DAILY_LIMITS = {"cj_comparison": 10_000, "ai_feedback_generation": 500}


def price(calls: Mapping[str, int]) -> int:
    return sum(PRICES.get(metric, 0) * amount for metric, amount in calls.items())


def denial_reason(calls: Mapping[str, int], balance: int) -> Denial | None:
    """None when the calls are allowed; free ones always are."""
    if price(calls) == 0:
        return None
    if any(amount > DAILY_LIMITS.get(metric, amount) for metric, amount in calls.items()):
        return "rate_limit_exceeded"
    return "insufficient_credits" if price(calls) > balance else None
