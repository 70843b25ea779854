"""What is kept of a topic, for all replicas: its state, its last events, who may read when."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from bff_core.errors import Unavailable
from services.bff_teacher.streaming.differ import Batches, Change
from services.bff_teacher.streaming.topics import Topic

RETRY_AFTER = 2.0
_ID = re.compile(r"([0-9a-f]{8,32})-(0|[1-9][0-9]{0,15})")


class LogAway(Unavailable):
    """What is kept cannot be reached; the screens work without it."""

    message = "Live updates are not available at the moment"

    def __init__(self) -> None:
        super().__init__(retry_after=RETRY_AFTER)


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a topic's events: an epoch, and how many events of it came before."""

    epoch: str
    offset: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.offset}"

    @classmethod
    def read(cls, text: str) -> "Mark":
        """The mark that a client says it has; one that cannot be ours is of no epoch."""
        found = _ID.fullmatch(text)
        return cls(found[1], int(found[2])) if found else cls("", 0)


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it goes out; `data` is a line of JSON."""

    offset: int
    word: str
    data: bytes


@dataclass(frozen=True, slots=True)
class News:
    """Events after a mark; `mark` is where they end."""

    mark: Mark
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole state; `lost` says why what came after a mark cannot be told."""

    mark: Mark
    version: int
    batches: bytes
    lost: Literal["epoch", "gap", ""] = ""


@dataclass(frozen=True, slots=True)
class Held:
    """The state as a publisher finds it; before the first one there is no epoch."""

    epoch: str = ""
    version: int = 0
    batches: Batches | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether to read a topic from its source now.

    `go`: with `ticket`, which grows with each; `done`: another read began late enough; `wait`:
    for that many seconds, and ask again. `mark` is where the topic is, if it is anywhere.
    """

    verdict: Literal["go", "done", "wait"]
    wait: float = 0.0
    ticket: int = 0
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """The state that a read led to, by the changes from the one that was held."""

    held: Held
    ticket: int
    batches: Batches
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Remark:
    """An event that changes no state; it goes out when the topic knows every one of `about`.

    `digest` tells one remark from another, so that two replicas say it once.
    """

    data: bytes
    digest: str
    about: Sequence[str] = ()


class Log(Protocol):
    """Every method raises LogAway when what is kept cannot be reached."""

    async def claim(self, topic: Topic, *, ago: float) -> Claim:
        """Ask to read; a read that began within the last `ago` seconds is as good."""
        ...

    async def held(self, topic: Topic) -> Held: ...

    async def publish(self, topic: Topic, publication: Publication) -> bool:
        """Append and store in one step; False when another state is held by now.

        A read that began before the one that is shown changes nothing, and counts as published.
        """
        ...

    async def remark(self, topic: Topic, remark: Remark) -> bool:
        """Append an event; False when it was there before, or is about what the topic lacks."""
        ...

    async def after(self, topic: Topic, mark: Mark | None) -> News | Snapshot | None:
        """What came after the mark, else the whole state; None when nothing is kept."""
        ...


def ids_of(batches: Batches) -> Iterable[str]:
    """Every batch and essay that a state knows."""
    for batch_id, fields in batches.items():
        yield batch_id
        essays = fields.get("essays")
        if isinstance(essays, dict):
            yield from essays
