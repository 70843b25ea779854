"""Replicas with live updates over one event log and one platform, in virtual time."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from bff_core.context import Deadline, RequestContext, UserId
from bff_core.errors import BffError
from bff_core.observability import Metrics
from bff_core.testing import FakeClock, a_context
from services.bff_teacher.live import LiveOptions, LiveUpdates
from services.bff_teacher.live.background import running
from services.bff_teacher.live.dependencies import LiveMetrics, StreamDependencies
from services.bff_teacher.live.file_outcomes import FileOutcomeRecorder
from services.bff_teacher.live.merge_patch import apply_patch
from services.bff_teacher.live.pubsub import PubSubListener, UserChannels, WakeUp
from services.bff_teacher.live.refresher import Refresher
from services.bff_teacher.live.source import StreamState
from services.bff_teacher.live.state import Batches, StreamTopic
from services.bff_teacher.live.subscriptions import SubscriptionRegistry
from tests.unit.bff_teacher.fakes import RecordingReads
from tests.unit.bff_teacher.file_fakes import MemoryUploads
from tests.unit.bff_teacher.live.in_memory_event_log import InMemoryEventLog

ANNA = UserId("anna-1")
CHANNELS = UserChannels(("user:{user_id}:events",), "bff_teacher")


@dataclass
class FakeSource:
    """The platform: `batches` by user, cached for `cache_seconds`; a read takes `read_seconds`."""

    clock: FakeClock
    batches: dict[UserId, Batches] = field(default_factory=dict)
    error: BffError | None = None
    read_seconds: float = 0.0
    cache_seconds: float = 0.0
    reads: list[tuple[float, UserId]] = field(default_factory=list)
    cache: dict[UserId, tuple[float, Batches]] = field(default_factory=dict)

    async def read(self, ctx: RequestContext, topic: StreamTopic) -> StreamState:
        now = self.clock.monotonic()
        self.reads.append((now, ctx.user_id))
        if self.error:
            raise self.error
        cached_at, batches = self.cache.get(ctx.user_id, (float("-inf"), {}))
        if now - cached_at >= self.cache_seconds:
            batches = json.loads(json.dumps(self.batches.get(ctx.user_id, {})))
            self.cache[ctx.user_id] = now, batches
        await asyncio.sleep(self.read_seconds)
        return StreamState(batches)


@dataclass
class FakePubSub:
    """Redis's channels; `deaf` replicas receive nothing, `broken` crashes the clients."""

    event_log: InMemoryEventLog
    listeners: list[PubSubListener] = field(default_factory=list)
    subscribed: list[set[UserId]] = field(default_factory=list)
    deaf: set[int] = field(default_factory=set)
    broken: bool = False

    def publish(self, user_id: UserId, message: bytes) -> None:
        for number, listener in enumerate(self.listeners):
            if number not in self.deaf and user_id in self.subscribed[number]:
                listener.on_message(user_id, message)

    def deliver_wake_ups(self) -> None:
        wake_ups, self.event_log.wake_ups = self.event_log.wake_ups, []
        for wake_up in wake_ups:
            for number, listener in enumerate(self.listeners):
                if number not in self.deaf:
                    listener.on_wake_up(wake_up)


@dataclass
class FakePubSubClient:
    pubsub: FakePubSub
    number: int

    async def run(self, listener: PubSubListener) -> None:
        if listener not in self.pubsub.listeners:
            self.pubsub.listeners.append(listener)
        listener.on_connected()
        while True:
            await asyncio.sleep(0.01)
            if self.pubsub.broken:
                raise ZeroDivisionError
            self.pubsub.deliver_wake_ups()

    async def subscribe(self, user_id: UserId) -> None:
        self.pubsub.subscribed[self.number].add(user_id)

    async def unsubscribe(self, user_id: UserId) -> None:
        self.pubsub.subscribed[self.number].discard(user_id)

    async def announce(self, wake_up: WakeUp) -> None:
        self.pubsub.event_log.wake_ups.append(wake_up)


@dataclass
class ScreenCopy:
    """Applies events to a copy like a front end, and fails on events that break the protocol."""

    batches: Batches | None = None
    version: int = 0
    last_event_id: str | None = None
    event_names: list[str] = field(default_factory=list)
    event_ids: set[str] = field(default_factory=set)
    data: list[dict[str, Any]] = field(default_factory=list)
    end_reason: str | None = None

    @property
    def activities(self) -> list[dict[str, Any]]:
        events = zip(self.event_names, self.data, strict=True)
        return [data for name, data in events if name == "activity"]

    def receive(self, chunk: bytes) -> None:
        for frame in filter(None, chunk.decode().split("\n\n")):
            fields = dict(line.split(": ", 1) for line in frame.split("\n") if line[0] != ":")
            if "event" in fields:
                self._apply(fields["event"], json.loads(fields["data"]), fields.get("id"))

    def _apply(self, name: str, data: dict[str, Any], event_id: str | None) -> None:
        self.event_names.append(name)
        self.data.append(data)
        if event_id is not None:
            self._check_order(name, event_id)
        if name == "snapshot":
            self.batches, self.version = data["batches"], data["version"]
        elif name == "resync":
            self.batches = None
        elif name == "end":
            self.end_reason = data["reason"]
        elif name != "activity":
            self._apply_change(name, data)

    def _check_order(self, name: str, event_id: str) -> None:
        if name != "snapshot":
            assert event_id not in self.event_ids, "duplicate event"
            epoch, offset = event_id.split("-")
            assert self.last_event_id == f"{epoch}-{int(offset) - 1}", "out of order"
        self.event_ids.add(event_id)
        self.last_event_id = event_id

    def _apply_change(self, name: str, data: dict[str, Any]) -> None:
        assert self.batches is not None
        assert data["version"] == self.version + 1
        self.version += 1
        batch_id = data["batch_id"]
        if name == "batch_removed":
            del self.batches[batch_id]
        elif name == "batch_added":
            assert batch_id not in self.batches
            self.batches[batch_id] = data["batch"]
        else:
            self.batches[batch_id] = apply_patch(self.batches[batch_id], data["patch"])


@dataclass
class Replica:
    updates: LiveUpdates
    metrics: Metrics
    clock: FakeClock
    reads: RecordingReads

    async def open(
        self,
        screen: ScreenCopy,
        *,
        user: UserId = ANNA,
        batch_id: str | None = None,
        expires: float = float("inf"),
    ) -> "asyncio.Task[None]":
        """The connection as a task: it ends with the stream; cancelling it disconnects."""
        frames = await self.frames(user, batch_id, screen.last_event_id, expires)
        screen.end_reason = None
        return asyncio.create_task(_receive_all(frames, screen))

    async def frames(
        self,
        user: UserId = ANNA,
        batch_id: str | None = None,
        last_event_id: str | None = None,
        expires: float = float("inf"),
    ) -> AsyncGenerator[bytes]:
        """The response body, for a test that reads it at its own pace."""
        ctx = replace(
            a_context(),
            user_id=user,
            deadline=Deadline.after(3.0, self.clock),
            token_expires_at=expires,
        )
        frames = await self.updates.open(ctx, batch_id, last_event_id)
        assert isinstance(frames, AsyncGenerator)
        return frames

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"test_{name}", labels) or 0.0


async def _receive_all(frames: AsyncGenerator[bytes], screen: ScreenCopy) -> None:
    try:
        async for chunk in frames:
            screen.receive(chunk)
    finally:
        await frames.aclose()


@dataclass
class LiveSystem:
    event_log: InMemoryEventLog
    pubsub: FakePubSub
    source: FakeSource
    uploads: MemoryUploads = field(default_factory=MemoryUploads)
    replicas: list[Replica] = field(default_factory=list)

    def notify(self, event: str = "an_unknown_event", user: UserId = ANNA, **data: object) -> None:
        """Publish a notification of the platform."""
        self.pubsub.publish(user, json.dumps({"event": event, "data": data}).encode())


@asynccontextmanager
async def live_system(
    clock: FakeClock, *, replicas: int = 1, options: LiveOptions | None = None
) -> AsyncIterator[LiveSystem]:
    options = options or LiveOptions()
    event_log = InMemoryEventLog(clock, kept_events=options.kept_events)
    system = LiveSystem(event_log, FakePubSub(event_log), FakeSource(clock))
    async with AsyncExitStack() as stack:
        for number in range(replicas):
            system.pubsub.subscribed.append(set())
            metrics = Metrics("test")
            reads = RecordingReads()
            dependencies = StreamDependencies(
                event_log, clock, LiveMetrics(metrics), options, reads, f"replica-{number}"
            )
            updates = LiveUpdates(
                Refresher(dependencies, system.source),
                FakePubSubClient(system.pubsub, number),
                dependencies,
                SubscriptionRegistry(dependencies, jitter=lambda: 0.5),
                CHANNELS,
                files=FileOutcomeRecorder(system.uploads, dependencies.metrics),
                jitter=lambda number=number: number / 4,  # type: ignore[misc]
            )
            await stack.enter_async_context(running(updates))
            system.replicas.append(Replica(updates, metrics, clock, reads))
        await asyncio.sleep(0.02)
        yield system


async def cancel_all(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
