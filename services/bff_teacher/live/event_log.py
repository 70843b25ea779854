"""Event log of a topic, shared by all replicas: its state, its last events, and who may read it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, Self

from bff_core.errors import Unavailable
from services.bff_teacher.live.state import Batches, StateChange, StreamTopic

RETRY_AFTER_SECONDS = 2.0
_EVENT_ID = re.compile(r"([0-9a-f]{8,32})-(0|[1-9][0-9]{0,15})")


class EventLogUnavailable(Unavailable):
    """The event log cannot be reached."""

    message = "Live updates are not available at the moment"

    def __init__(self) -> None:
        super().__init__(retry_after=RETRY_AFTER_SECONDS)


@dataclass(frozen=True, slots=True)
class StreamPosition:
    """A position in a topic's events: the epoch, and the number of events before it."""

    epoch: str
    offset: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.offset}"

    @classmethod
    def parse(cls, event_id: str) -> Self:
        """The position of a `Last-Event-ID`; an id of another form has the epoch ''."""
        match = _EVENT_ID.fullmatch(event_id)
        return cls(match[1], int(match[2])) if match else cls("", 0)


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event; `data` is one line of JSON."""

    offset: int
    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class EventBatch:
    """The events after a position; `position` is after the last of them."""

    position: StreamPosition
    events: Sequence[StreamEvent]
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class StateSnapshot:
    """The whole state; `lost` is the reason why the events after a position are not available."""

    position: StreamPosition
    version: int
    batches: bytes
    lost: Literal["epoch", "gap", ""] = ""


@dataclass(frozen=True, slots=True)
class StoredState:
    """The state that the log holds; all fields are empty before the first publication."""

    epoch: str = ""
    version: int = 0
    batches: Batches | None = None


@dataclass(frozen=True, slots=True)
class ReadClaim:
    """The answer to a request to read a topic from its source.

    `granted`: read, and publish with `fencing_token`, which grows with each claim.
    `fresh`: another read began recently enough.
    `wait`: claim again after `wait_seconds`.
    `position` is the end of the topic's events; None when the log holds no state.
    """

    outcome: Literal["granted", "fresh", "wait"]
    wait_seconds: float = 0.0
    fencing_token: int = 0
    position: StreamPosition | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """A new state, and the changes that lead to it from `stored`."""

    stored: StoredState
    fencing_token: int
    batches: Batches
    changes: Sequence[StateChange]


@dataclass(frozen=True, slots=True)
class ActivityEvent:
    """An event that does not change the state.

    It is appended only if the state contains every id of `mentioned_ids`, which are in lower case.
    Events with the same `digest` are appended once, whichever replica is first.
    """

    data: bytes
    digest: str
    mentioned_ids: Sequence[str] = ()


class EventLog(Protocol):
    """Every method raises EventLogUnavailable when the storage cannot be reached."""

    async def claim_read(self, topic: StreamTopic, *, max_age: float) -> ReadClaim:
        """Claim to read the source, unless a read began within the last `max_age` seconds."""
        ...

    async def stored_state(self, topic: StreamTopic) -> StoredState: ...

    async def publish(self, topic: StreamTopic, publication: Publication) -> bool:
        """Store the state and append its changes atomically.

        Returns False when the log no longer holds `publication.stored`. A publication with an older
        fencing token than the stored state changes nothing and returns True.
        """
        ...

    async def append_activity(self, topic: StreamTopic, activity: ActivityEvent) -> bool:
        """Append the event; False when it is a duplicate or mentions an unknown id."""
        ...

    async def read_after(
        self, topic: StreamTopic, position: StreamPosition | None
    ) -> EventBatch | StateSnapshot | None:
        """The events after the position, or the whole state; None when the log holds no state."""
        ...


def ids_in(batches: Batches) -> Iterable[str]:
    """The ids of all batches and essays of a state, in lower case."""
    for batch_id, fields in batches.items():
        yield batch_id.lower()
        essays = fields.get("essays")
        if isinstance(essays, dict):
            yield from (essay_id.lower() for essay_id in essays)
