"""Facts of a batch, and the port of those that are kept; no fact holds a name."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal, Protocol

import msgspec

from bff_core.composition import Fetched
from bff_core.context import RequestContext, UserId

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_GREATEST = 2**64 - 1

Value = str | int | float | bool | None
_encode = msgspec.json.Encoder(order="deterministic").encode


class FactKind(StrEnum):
    """Kinds of facts; the items of a batch's facts of one kind tell them apart.

    `REGISTERED`, `FILES_COMPLETE`, `MATCHED`, `CONFIRMED`, `AUTO_CONFIRMED`, `READY`,
    `START_REQUESTED` and `START_DENIED` have no item. The item of `ESSAY_PLACED` and `GRADED` is
    the essay, of `FILE_REJECTED` the upload, of `ASSESSMENT_FAILED` the job, and of
    `PHASE_OUTCOME` the phase and the start that it belongs to.
    """

    REGISTERED = "registered"
    ESSAY_PLACED = "essay_placed"
    FILE_REJECTED = "file_rejected"
    FILES_COMPLETE = "files_complete"
    MATCHED = "matched"
    CONFIRMED = "confirmed"
    AUTO_CONFIRMED = "auto_confirmed"
    READY = "ready"
    START_REQUESTED = "start_requested"
    START_DENIED = "start_denied"
    PHASE_OUTCOME = "phase_outcome"
    ASSESSMENT_FAILED = "assessment_failed"
    GRADED = "graded"


LATEST = frozenset({FactKind.START_REQUESTED, FactKind.START_DENIED, FactKind.GRADED})
"""Kinds of which the latest fact remains; of the others, the earliest."""

FactKey = tuple[str, str, str]
"""Batch id, kind and item."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact; ids are in lower case, `data` has only what is the same in every copy."""

    batch_id: str
    kind: FactKind
    at: datetime
    topic: str
    data: Mapping[str, Value]
    item: str = ""

    @property
    def key(self) -> FactKey:
        return self.batch_id, self.kind.value, self.item

    @property
    def text(self) -> str:
        """The data as JSON, the same for the same data."""
        return _encode(self.data).decode()

    @property
    def precedence(self) -> bytes:
        """Of the facts with one key, the one with the greatest precedence remains.

        It orders by time, of matches first by their number, and then by the data, so that it is a
        total order: in which order and how often facts arrive does not matter.
        """
        microseconds = (self.at - _EPOCH) // _MICROSECOND
        rank = microseconds if self.kind in LATEST else _GREATEST - microseconds
        weight = self.data.get("matched", 0) if self.kind is FactKind.MATCHED else 0
        tie = hashlib.blake2b(self.text.encode(), digest_size=8).digest()
        return int(weight or 0).to_bytes(4, "big") + rank.to_bytes(8, "big") + tie


def merge(kept: Fact, new: Fact) -> Fact:
    """The fact that remains of two with the same key."""
    return new if new.precedence > kept.precedence else kept


def merge_all(facts: Sequence[Fact]) -> dict[FactKey, Fact]:
    """The facts that remain, by their keys."""
    remaining: dict[FactKey, Fact] = {}
    for fact in facts:
        kept = remaining.get(fact.key)
        remaining[fact.key] = fact if kept is None else merge(kept, fact)
    return remaining


@dataclass(frozen=True, slots=True)
class Denial:
    """A start that the platform refused after it had accepted it."""

    pipeline: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Matches:
    """Essays of a batch whose author was looked for, and those with a suggestion."""

    essays: int
    matched: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a phase: `completed_successfully`, `completed_with_failures`, `failed_critically`."""

    status: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEvents:
    """Facts of one batch; what no event has told is None, or not counted.

    `placed` essays have their text, `rejected` files fill no place. `outcomes` are the latest by
    phase. `has_class` is None while the registration is not known.
    """

    owner: UserId | None = None
    expected: int | None = None
    has_class: bool | None = None
    placed: int = 0
    rejected: int = 0
    complete_at: datetime | None = None
    matches: Matches | None = None
    confirmed_at: datetime | None = None
    auto_confirmed_at: datetime | None = None
    ready_at: datetime | None = None
    requested_at: datetime | None = None
    denial: Denial | None = None
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    assessment_failed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Grade:
    """The grade that the comparison with graded texts has given an essay; `confidence` from 0 to 1."""

    letter: str
    confidence: float | None
    label: Literal["HIGH", "MID", "LOW"] | None


class KnownEvents(Protocol):
    """Facts of any batch: callers check the owner first. Ids are found in any spelling."""

    @property
    def is_read(self) -> bool:
        """False where the platform's events are not read; then none is known."""
        ...

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str], *, fresh: bool = False
    ) -> Fetched[Mapping[str, BatchEvents]]:
        """Facts by batch id in lower case, at most some seconds old; unknown batches are absent.

        Raises:
            Unavailable: The database cannot be used, or not in time.
        """
        ...

    async def grades(self, ctx: RequestContext, batch_id: str) -> Fetched[Mapping[str, Grade]]:
        """Grades of a batch by essay id in lower case; essays without one are absent.

        Raises:
            Unavailable: The database cannot be used, or not in time.
        """
        ...

    def forget(self, user_id: UserId | None) -> None:
        """Drop what was read for a user, or for all."""
        ...


class NoEvents:
    """There is no Kafka."""

    is_read = False

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str], *, fresh: bool = False
    ) -> Fetched[Mapping[str, BatchEvents]]:
        del ctx, batch_ids, fresh
        return Fetched({})

    async def grades(self, ctx: RequestContext, batch_id: str) -> Fetched[Mapping[str, Grade]]:
        del ctx, batch_id
        return Fetched({})

    def forget(self, user_id: UserId | None) -> None: ...


NO_EVENTS = NoEvents()
