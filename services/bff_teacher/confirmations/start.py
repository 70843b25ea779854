"""Starts of pipelines and phases, and the port of the ledger that keeps them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

from bff_core.context import UserId


class StartOutcome(StrEnum):
    """Result of a start. Another one may follow `NOT_SENT` and `DENIED`."""

    STARTED = "started"
    ACCEPTED = "accepted"
    DENIED = "denied"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start; `number` counts from 1 and is unique in the batch.

    `kind` tells the start of a pipeline from another run of a phase; `reason` is the teacher's.
    """

    batch_id: str
    number: int
    user_id: UserId
    key: str
    kind: Literal["pipeline", "phase"]
    phase: str
    reason: str | None
    started_at: datetime
    outcome: StartOutcome = StartOutcome.STARTED
    denial: str | None = None
    ended_at: datetime | None = None

    def is_same_as(self, other: "Start") -> bool:
        """True if both ask for the same."""
        mine = (self.kind, self.phase, self.reason)
        return mine == (other.kind, other.phase, other.reason)


@dataclass(frozen=True, slots=True)
class KnownStarts:
    """The latest start of a batch, and the latest with a key of the caller's."""

    latest: Start | None
    with_key: Start | None


class Starts(Protocol):
    """Durable ledger of starts. Every method raises Unavailable when it cannot be used."""

    async def known(self, batch_id: str, caller: UserId, key: str) -> KnownStarts:
        """Starts of a batch by any user; the id in lower case.

        Raises:
            RateLimited: Too many uses of the caller wait for a connection.
        """
        ...

    async def begin(self, start: Start) -> bool:
        """Write the intent down; False when another start has this number."""
        ...

    async def end(
        self, start: Start, outcome: StartOutcome, denial: str | None, at: datetime
    ) -> Start:
        """Write the outcome down."""
        ...
