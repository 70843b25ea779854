"""Batches that teachers create, and the port of the ledger that keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bff_core.context import UserId


class CreationOutcome(StrEnum):
    """The progress of a creation.

    `STARTED`: nothing was sent that could make a batch. `SENDING`: it may have been. After
    `NOT_SENT` no batch was made, and the same key may try again.
    """

    STARTED = "started"
    SENDING = "sending"
    CREATED = "created"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """One submission, named by the user's `key`; `fingerprint` is that of the whole request.

    `started_at` tells the attempts of one submission apart. `storage_id` is that of the
    instructions, once they are stored.
    """

    user_id: UserId
    key: str
    fingerprint: str
    class_id: str | None
    class_name: str | None
    essay_count: int
    title: str | None
    started_at: datetime
    outcome: CreationOutcome = CreationOutcome.STARTED
    storage_id: str | None = None
    batch_id: str | None = None
    ended_at: datetime | None = None


class Creations(Protocol):
    """Durable ledger of creations. Every method raises Unavailable when it cannot be used."""

    async def find(self, user_id: UserId, key: str) -> Creation | None:
        """The submission of this key.

        Raises:
            RateLimited: Too many uses of the caller wait for a connection.
        """
        ...

    async def begin(self, creation: Creation) -> bool:
        """Write the intent of a first attempt; False when the key is taken."""
        ...

    async def advance(self, before: Creation, after: Creation) -> bool:
        """Replace `before` by `after`; False when it is no longer what is stored.

        With the batch, its title is stored in the same transaction.
        """
        ...

    async def latest(self, user_id: UserId) -> Sequence[Creation]:
        """The user's latest submissions, in no order."""
        ...
