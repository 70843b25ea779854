"""Attempts to confirm a batch, and the port of the ledger that keeps them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bff_core.context import UserId

LEAST_CALL = 1.0
"""Seconds; with less time left, CMS is not called, because its answer could not be awaited."""


class ConfirmOutcome(StrEnum):
    """Result of an attempt. Another one may follow `NOT_SENT`; after `UNKNOWN` only by force."""

    STARTED = "started"
    CONFIRMED = "confirmed"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


Decisions = tuple[tuple[str, str | None], ...]
"""Essay id and student id, or None for no student; sorted by essay id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to confirm a batch; `number` counts from 1 and is unique in the batch."""

    batch_id: str
    number: int
    user_id: UserId
    decisions: Decisions
    key: str | None
    forced: bool
    started_at: datetime
    outcome: ConfirmOutcome = ConfirmOutcome.STARTED
    ended_at: datetime | None = None


class Confirmations(Protocol):
    """Durable ledger of attempts. Every method raises Unavailable when it cannot be used."""

    async def latest(self, batch_id: str, caller: UserId) -> Attempt | None:
        """The latest attempt of any user.

        Raises:
            RateLimited: Too many uses of the caller wait for a connection.
        """
        ...

    async def begin(self, attempt: Attempt) -> bool:
        """Write the intent down; False when another attempt has this number."""
        ...

    async def end(self, attempt: Attempt, outcome: ConfirmOutcome, at: datetime) -> Attempt:
        """Write the outcome down."""
        ...
