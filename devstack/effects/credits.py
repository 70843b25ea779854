"""Prices and daily limits of Entitlements, and the credits of a pipeline."""

import sqlite3
from collections.abc import Collection, Mapping
from typing import Literal

from devstack.emulators.database import fetch_one

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


def calls_of(phases: Collection[str], essays: int) -> dict[str, int]:
    comparisons = essays * (essays - 1) // 2 if "cj_assessment" in phases else 0
    feedback = essays if "ai_feedback" in phases else 0
    return {"cj_comparison": comparisons, "ai_feedback_generation": feedback}


def balance_of(connection: sqlite3.Connection, subject_id: str, kind: str = "user") -> int:
    """0 for an unknown subject; the demo has no organisation with credits."""
    query = "SELECT balance FROM credit_balances WHERE subject_type = ? AND subject_id = ?"
    found = fetch_one(connection, query, kind, subject_id)
    return int(found["balance"]) if found else 0
