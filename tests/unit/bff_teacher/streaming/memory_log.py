"""The log in a dictionary: as Redis keeps it, for tests that need none."""

import asyncio
import json
from dataclasses import dataclass, field

from bff_core.clock import Clock
from services.bff_teacher.streaming.differ import Batches
from services.bff_teacher.streaming.log import (
    Claim,
    Event,
    Held,
    LogAway,
    Mark,
    News,
    Publication,
    Remark,
    Snapshot,
    ids_of,
)
from services.bff_teacher.streaming.topics import Topic

LEASE = 1.0


@dataclass
class Kept:
    epoch: str
    batches: Batches
    version: int = 1
    offset: int = 0
    shown: int = 0
    events: list[Event] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)


@dataclass
class MemoryLog:
    """`heard` are wake-ups: topic, and whether its state has changed."""

    clock: Clock
    longest: int = 256
    kept: dict[Topic, Kept] = field(default_factory=dict)
    tickets: dict[Topic, int] = field(default_factory=dict)
    leases: dict[str, float] = field(default_factory=dict)
    begans: dict[Topic, float] = field(default_factory=dict)
    heard: list[tuple[Topic, bool]] = field(default_factory=list)
    away: bool = False
    distance: float = 0.0
    epochs: int = 0
    wiped: int = 0

    def wipe(self) -> None:
        """What a Redis that keeps nothing does when it is killed."""
        self.wiped += 1
        self.kept.clear()
        self.tickets.clear()
        self.leases.clear()
        self.begans.clear()

    async def claim(self, topic: Topic, *, ago: float) -> Claim:
        now, kept = self._now(), self.kept.get(topic)
        mark = Mark(kept.epoch, kept.offset) if kept else None
        if kept and self.begans.get(topic, float("-inf")) > now - ago:
            return Claim("done", mark=mark)
        free_at = self.leases.get(topic.user_id, now)
        if free_at > now:
            return Claim("wait", wait=free_at - now, mark=mark)
        self.leases[topic.user_id] = now + LEASE
        self.tickets[topic] = self.tickets.get(topic, 0) + 1
        self.begans[topic] = now
        return Claim("go", ticket=self.tickets[topic], mark=mark)

    async def held(self, topic: Topic) -> Held:
        self._now()
        kept = self.kept.get(topic)
        return Held(kept.epoch, kept.version, kept.batches) if kept else Held()

    async def publish(self, topic: Topic, publication: Publication) -> bool:
        self._now()
        kept, held = self.kept.get(topic), publication.held
        found = (kept.epoch, kept.version) if kept else ("", 0)
        if found != (held.epoch, held.version):
            return False
        if kept and publication.ticket < kept.shown:
            return True
        if kept is None:
            self.epochs += 1
            self.tickets[topic] = max(self.tickets.get(topic, 0), publication.ticket)
            kept = self.kept[topic] = Kept(f"{self.epochs:012x}", {})
            self.heard.append((topic, True))
        elif publication.changes:
            for change in publication.changes:
                kept.version += 1
                self._append(kept, change.event, json.dumps(change.data(kept.version)).encode())
            self.heard.append((topic, True))
        kept.shown, kept.batches = publication.ticket, publication.batches
        return True

    async def remark(self, topic: Topic, remark: Remark) -> bool:
        self._now()
        kept = self.kept.get(topic)
        if kept is None or not set(remark.about) <= set(ids_of(kept.batches)):
            return False
        if remark.digest in kept.seen:
            return False
        kept.seen.add(remark.digest)
        self._append(kept, "activity", remark.data)
        self.heard.append((topic, False))
        return True

    async def after(self, topic: Topic, mark: Mark | None) -> News | Snapshot | None:
        found = self._found(topic, mark)
        # What happens while the answer is on its way is not in it.
        await asyncio.sleep(self.distance)
        return found

    def _found(self, topic: Topic, mark: Mark | None) -> News | Snapshot | None:
        self._now()
        kept = self.kept.get(topic)
        if kept is None:
            return None
        here = Mark(kept.epoch, kept.offset)
        if mark == here:
            return News(here, [])
        if mark and mark.epoch == kept.epoch:
            later = [event for event in kept.events if event.offset > mark.offset]
            if later and later[0].offset == mark.offset + 1:
                return News(here, later)
        lost = "" if mark is None else "gap" if mark.epoch == kept.epoch else "epoch"
        return Snapshot(here, kept.version, json.dumps(kept.batches).encode(), lost)  # type: ignore[arg-type]

    def _append(self, kept: Kept, word: str, data: bytes) -> None:
        kept.offset += 1
        kept.events = [*kept.events, Event(kept.offset, word, data)][-self.longest :]

    def _now(self) -> float:
        if self.away:
            raise LogAway
        return self.clock.monotonic()
