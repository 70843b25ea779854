"""Event log in memory, with the behaviour of the one in Redis."""

import asyncio
import json
from dataclasses import dataclass, field

from bff_core.clock import Clock
from services.bff_teacher.live.event_log import (
    ActivityEvent,
    EventBatch,
    EventLogUnavailable,
    Publication,
    ReadClaim,
    StateSnapshot,
    StoredState,
    StreamEvent,
    StreamPosition,
    ids_in,
)
from services.bff_teacher.live.pubsub import WakeUp
from services.bff_teacher.live.state import Batches, StreamTopic

LEASE_SECONDS = 1.0


@dataclass
class StoredTopic:
    epoch: str
    batches: Batches
    version: int = 1
    offset: int = 0
    fencing_token: int = 0
    events: list[StreamEvent] = field(default_factory=list)
    digests: set[str] = field(default_factory=set)


@dataclass
class InMemoryEventLog:
    """`wake_ups` collects the messages to publish; `response_seconds` delays the end of a read."""

    clock: Clock
    kept_events: int = 256
    topics: dict[StreamTopic, StoredTopic] = field(default_factory=dict)
    tokens: dict[StreamTopic, int] = field(default_factory=dict)
    leases: dict[str, float] = field(default_factory=dict)
    reads_started: dict[StreamTopic, float] = field(default_factory=dict)
    wake_ups: list[WakeUp] = field(default_factory=list)
    unavailable: bool = False
    response_seconds: float = 0.0
    epochs: int = 0
    wiped: int = 0

    def wipe(self) -> None:
        """Lose everything, like a Redis without persistence that is killed."""
        self.wiped += 1
        self.topics.clear()
        self.tokens.clear()
        self.leases.clear()
        self.reads_started.clear()

    async def claim_read(self, topic: StreamTopic, *, max_age: float) -> ReadClaim:
        now, stored = self._now(), self.topics.get(topic)
        position = StreamPosition(stored.epoch, stored.offset) if stored else None
        if stored and self.reads_started.get(topic, float("-inf")) > now - max_age:
            return ReadClaim("fresh", position=position)
        free_at = self.leases.get(topic.user_id, now)
        if free_at > now:
            return ReadClaim("wait", wait_seconds=free_at - now, position=position)
        self.leases[topic.user_id] = now + LEASE_SECONDS
        self.tokens[topic] = self.tokens.get(topic, 0) + 1
        self.reads_started[topic] = now
        return ReadClaim("granted", fencing_token=self.tokens[topic], position=position)

    async def stored_state(self, topic: StreamTopic) -> StoredState:
        self._now()
        stored = self.topics.get(topic)
        return (
            StoredState(stored.epoch, stored.version, stored.batches) if stored else StoredState()
        )

    async def publish(self, topic: StreamTopic, publication: Publication) -> bool:
        self._now()
        stored, expected = self.topics.get(topic), publication.stored
        found = (stored.epoch, stored.version) if stored else ("", 0)
        if found != (expected.epoch, expected.version):
            return False
        if stored and publication.fencing_token < stored.fencing_token:
            return True
        if stored is None:
            self.epochs += 1
            self.tokens[topic] = max(self.tokens.get(topic, 0), publication.fencing_token)
            stored = self.topics[topic] = StoredTopic(f"{self.epochs:012x}", {})
            self.wake_ups.append(WakeUp.of(topic, "state"))
        elif publication.changes:
            for change in publication.changes:
                stored.version += 1
                data = json.dumps(change.data(stored.version)).encode()
                self._append(stored, change.event, data)
            self.wake_ups.append(WakeUp.of(topic, "state"))
        stored.fencing_token, stored.batches = publication.fencing_token, publication.batches
        return True

    async def append_activity(self, topic: StreamTopic, activity: ActivityEvent) -> bool:
        self._now()
        stored = self.topics.get(topic)
        if stored is None or not set(activity.mentioned_ids) <= set(ids_in(stored.batches)):
            return False
        if activity.digest in stored.digests:
            return False
        stored.digests.add(activity.digest)
        self._append(stored, "activity", activity.data)
        self.wake_ups.append(WakeUp.of(topic, "activity"))
        return True

    async def read_after(
        self, topic: StreamTopic, position: StreamPosition | None
    ) -> EventBatch | StateSnapshot | None:
        found = self._read_after(topic, position)
        # Events that are appended during the delay are not part of the response.
        await asyncio.sleep(self.response_seconds)
        return found

    def _read_after(
        self, topic: StreamTopic, position: StreamPosition | None
    ) -> EventBatch | StateSnapshot | None:
        self._now()
        stored = self.topics.get(topic)
        if stored is None:
            return None
        here = StreamPosition(stored.epoch, stored.offset)
        if position == here:
            return EventBatch(here, [])
        if position and position.epoch == stored.epoch:
            later = [event for event in stored.events if event.offset > position.offset]
            if later and later[0].offset == position.offset + 1:
                return EventBatch(here, later)
        lost = "" if position is None else "gap" if position.epoch == stored.epoch else "epoch"
        batches = json.dumps(stored.batches).encode()
        return StateSnapshot(here, stored.version, batches, lost)  # type: ignore[arg-type]

    def _append(self, stored: StoredTopic, name: str, data: bytes) -> None:
        stored.offset += 1
        events = [*stored.events, StreamEvent(stored.offset, name, data)]
        stored.events = events[-self.kept_events :]

    def _now(self) -> float:
        if self.unavailable:
            raise EventLogUnavailable
        return self.clock.monotonic()
