"""Replicas of live updates over one log and one platform, in virtual time."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from bff_core.context import Deadline, RequestContext, UserId
from bff_core.errors import BffError
from bff_core.events import UserChannels
from bff_core.observability import Metrics
from bff_core.testing import FakeClock, a_context
from services.bff_teacher.streaming.audience import Audience, Limits
from services.bff_teacher.streaming.differ import Batches
from services.bff_teacher.streaming.json_patch import patched
from services.bff_teacher.streaming.live import LiveUpdates, running
from services.bff_teacher.streaming.measures import Measures
from services.bff_teacher.streaming.refreshing import Refresher
from services.bff_teacher.streaming.signals import Listener
from services.bff_teacher.streaming.states import StreamState
from services.bff_teacher.streaming.stream import Patience, Surroundings
from services.bff_teacher.streaming.topics import Topic
from services.bff_teacher.streaming.watched import Rhythm
from tests.unit.bff_teacher.streaming.memory_log import MemoryLog

ANNA = UserId("anna-1")
CHANNELS = UserChannels(("user:{user_id}:events",), "bff_teacher")


@dataclass
class FakeSource:
    """The platform: `batches` by user; what it shows may be `lag` seconds old."""

    clock: FakeClock
    batches: dict[UserId, Batches] = field(default_factory=dict)
    error: BffError | None = None
    seconds: float = 0.0
    read_at: list[tuple[float, UserId]] = field(default_factory=list)
    cached: dict[UserId, tuple[float, Batches]] = field(default_factory=dict)
    lag: float = 0.0

    async def read(self, ctx: RequestContext, topic: Topic) -> StreamState:
        self.read_at.append((self.clock.monotonic(), ctx.user_id))
        if self.error:
            raise self.error
        shown = self._shown(ctx.user_id)
        await asyncio.sleep(self.seconds)
        return StreamState(shown)

    def _shown(self, user_id: UserId) -> Batches:
        now = self.clock.monotonic()
        at, batches = self.cached.get(user_id, (float("-inf"), {}))
        if now - at < self.lag:
            return batches
        fresh: Batches = json.loads(json.dumps(self.batches.get(user_id, {})))
        self.cached[user_id] = now, fresh
        return fresh


@dataclass
class Bus:
    """Stands for Redis's channels; `deaf` replicas hear nothing."""

    log: MemoryLog
    listeners: list[Listener] = field(default_factory=list)
    followed: list[set[UserId]] = field(default_factory=list)
    deaf: set[int] = field(default_factory=set)
    broken: bool = False

    def publish(self, user_id: UserId, message: bytes) -> None:
        for number, listener in enumerate(self.listeners):
            if number not in self.deaf and user_id in self.followed[number]:
                listener.noticed(user_id, message)

    def wake(self) -> None:
        heard, self.log.heard = self.log.heard, []
        for topic, changed in heard:
            word = b"state" if changed else b"activity"
            message = f"{topic.user_id} {topic.name} ".encode() + word
            for number, listener in enumerate(self.listeners):
                if number not in self.deaf:
                    listener.woken(message)


@dataclass
class BusSignals:
    bus: Bus
    number: int

    async def run(self, listener: Listener) -> None:
        if listener not in self.bus.listeners:
            self.bus.listeners.append(listener)
        if listener not in self.bus.listeners:
            self.bus.listeners.append(listener)
        listener.connected()
        while True:
            await asyncio.sleep(0.01)
            if self.bus.broken:
                raise ZeroDivisionError
            self.bus.wake()

    async def follow(self, user_id: UserId) -> None:
        self.bus.followed[self.number].add(user_id)

    async def forget(self, user_id: UserId) -> None:
        self.bus.followed[self.number].discard(user_id)


@dataclass
class Client:
    """Keeps a copy as a front end does, and objects to everything that may not be."""

    batches: Batches | None = None
    version: int = 0
    last_id: str | None = None
    words: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    told: list[dict[str, Any]] = field(default_factory=list)
    ended: str | None = None

    def hear(self, chunk: bytes) -> None:
        for frame in filter(None, chunk.decode().split("\n\n")):
            fields = dict(line.split(": ", 1) for line in frame.split("\n") if line[0] != ":")
            if "event" in fields:
                self._take(fields["event"], json.loads(fields["data"]), fields.get("id"))

    def _take(self, word: str, data: dict[str, Any], mark: str | None) -> None:
        self.words.append(word)
        self.told.append(data)
        if mark is not None:
            self._move_to(word, mark)
        if word == "snapshot":
            self.batches, self.version = data["batches"], data["version"]
        elif word == "resync":
            self.batches = None
        elif word == "end":
            self.ended = data["reason"]
        elif word != "activity":
            self._change(word, data)

    def _move_to(self, word: str, mark: str) -> None:
        if word != "snapshot":
            assert mark not in self.seen, "an event came twice"
            epoch, offset = mark.split("-")
            assert self.last_id == f"{epoch}-{int(offset) - 1}", "out of order"
        self.seen.add(mark)
        self.last_id = mark

    def _change(self, word: str, data: dict[str, Any]) -> None:
        assert self.batches is not None
        assert data["version"] == self.version + 1
        self.version += 1
        one = data["batch_id"]
        if word == "batch_removed":
            del self.batches[one]
        elif word == "batch_added":
            assert one not in self.batches
            self.batches[one] = data["batch"]
        else:
            self.batches[one] = patched(self.batches[one], data["patch"])


@dataclass
class Replica:
    live: LiveUpdates
    metrics: Metrics
    clock: FakeClock

    async def open(
        self,
        client: Client,
        *,
        user: UserId = ANNA,
        batch_id: str | None = None,
        expires: float = float("inf"),
    ) -> "asyncio.Task[None]":
        """A task that is the connection: it ends with the stream, and cancelling it cuts it."""
        frames = await self.frames(user, batch_id, client.last_id, expires)
        client.ended = None
        return asyncio.create_task(_listen(frames, client))

    async def frames(
        self,
        user: UserId = ANNA,
        batch_id: str | None = None,
        after: str | None = None,
        expires: float = float("inf"),
    ) -> AsyncGenerator[bytes]:
        """The bare stream, for whoever reads at a pace of their own."""
        ctx = replace(
            a_context(),
            user_id=user,
            deadline=Deadline.after(3.0, self.clock),
            token_expires_at=expires,
        )
        frames = await self.live.open(ctx, batch_id, after)
        assert isinstance(frames, AsyncGenerator)
        return frames

    def count(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"test_{name}", labels) or 0.0


async def _listen(frames: AsyncGenerator[bytes], client: Client) -> None:
    try:
        async for chunk in frames:
            client.hear(chunk)
    finally:
        await frames.aclose()


@dataclass
class World:
    clock: FakeClock
    log: MemoryLog
    bus: Bus
    source: FakeSource
    replicas: list[Replica] = field(default_factory=list)

    def say(self, event: str = "a_word_of_tomorrow", user: UserId = ANNA, **data: object) -> None:
        self.bus.publish(user, json.dumps({"event": event, "data": data}).encode())


@asynccontextmanager
async def a_world(
    clock: FakeClock,
    *,
    replicas: int = 1,
    limits: Limits | None = None,
    rhythm: Rhythm | None = None,
    longest: int = 256,
) -> AsyncIterator[World]:
    log = MemoryLog(clock, longest=longest)
    bus, source = Bus(log), FakeSource(clock)
    world = World(clock, log, bus, source)
    async with AsyncExitStack() as stack:
        for number in range(replicas):
            bus.followed.append(set())
            metrics = Metrics("test")
            measures = Measures(metrics)
            shared = Surroundings(log, clock, measures, Patience())
            live = LiveUpdates(
                Refresher(log, source, clock, measures),
                BusSignals(bus, number),
                shared,
                Audience(shared, limits, rhythm, jitter=lambda: 0.5),
                CHANNELS,
                jitter=lambda number=number: number / 4,  # type: ignore[misc]
            )
            await stack.enter_async_context(running(live))
            world.replicas.append(Replica(live, metrics, clock))
        await asyncio.sleep(0.02)
        yield world


async def ended(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
