"""Every client's copy equals a fresh read once no more changes happen.

Two replicas over one event log: changes with and without a notification, duplicates, lost messages
and wake-ups, clients that reconnect to another replica, a log that is wiped, sources that answer
from a cache. FULL_NUMBERS=1 makes 10,000 changes, otherwise about 1,000.
"""

import asyncio
import os
import random
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from bff_core.errors import DownstreamUnreachable
from bff_core.testing import FakeClock
from bff_core.testing.clock import run_virtually
from services.bff_teacher.live import LiveOptions
from tests.unit.bff_teacher.live.live_replicas import (
    ANNA,
    LiveSystem,
    ScreenCopy,
    cancel_all,
    live_system,
)

FULL = os.environ.get("FULL_NUMBERS") == "1"
SCENARIOS, CHANGES = (250, 40) if FULL else (25, 40)
POLL_SECONDS = 30.0
SETTLE_SECONDS = POLL_SECONDS * 1.2 + 10.0

STEP_WEIGHTS = {
    "change": 10,
    "change_silently": 4,
    "notify": 3,
    "notify_twice": 2,
    "reconnect": 6,
    "deaf": 2,
    "wipe": 1,
    "source_down": 1,
    "source_up": 2,
    "wait": 6,
}


@dataclass
class Scenario:
    """Random steps in a system with three clients."""

    system: LiveSystem
    rng: random.Random
    clients: list[ScreenCopy] = field(default_factory=lambda: [ScreenCopy() for _ in range(3)])
    streams: dict[int, "asyncio.Task[None]"] = field(default_factory=dict)
    changes: int = 0
    notifications: int = 0

    async def play(self) -> None:
        for number in range(len(self.clients)):
            await self.reopen(number)
        while self.changes < CHANGES:
            (step,) = self.rng.choices(list(STEP_WEIGHTS), list(STEP_WEIGHTS.values()))
            await self.run_step(step)
            await asyncio.sleep(self.rng.choice([0.0, 0.05, 0.3, 1.0]))
            await self.reconnect_ended()
        self.system.pubsub.deaf.clear()
        self.system.source.error = None
        await asyncio.sleep(SETTLE_SECONDS)
        await self.reconnect_ended()
        await asyncio.sleep(SETTLE_SECONDS)

    async def run_step(self, step: str) -> None:
        system = self.system
        match step:
            case "change":
                self.change()
                self.notify()
            case "change_silently":
                self.change()
            case "notify":
                self.notify()
            case "notify_twice":
                self.change()
                system.notify("class_created", n=self.notifications)
                system.notify("class_created", n=self.notifications)
            case "reconnect":
                await self.reopen(self.rng.randrange(len(self.clients)))
            case "deaf":
                system.pubsub.deaf = set(self.rng.sample([0, 1], self.rng.randrange(3)))
            case "wipe":
                system.event_log.wipe()
            case "source_down":
                system.source.error = DownstreamUnreachable("ras")
            case "source_up":
                system.source.error = None
            case _:
                await asyncio.sleep(self.rng.uniform(0, 20))

    def change(self) -> None:
        batches = self.system.source.batches.setdefault(ANNA, {})
        self.changes += 1
        batch_id = f"b{self.rng.randrange(6)}"
        if batch_id in batches and self.rng.random() < 0.2:
            del batches[batch_id]
        else:
            fields = batches.setdefault(batch_id, {})
            fields[self.rng.choice("xyz")] = self.changes
            if self.rng.random() < 0.3:
                fields.pop(self.rng.choice("xyz"), None)

    def notify(self) -> None:
        self.notifications += 1
        self.system.notify("batch_results_ready", n=self.notifications)

    async def reopen(self, number: int) -> None:
        if number in self.streams:
            await cancel_all(self.streams.pop(number))
        try:
            replica = self.rng.choice(self.system.replicas)
            self.streams[number] = await replica.open(self.clients[number])
        except DownstreamUnreachable:
            return

    async def reconnect_ended(self) -> None:
        for number in range(len(self.clients)):
            stream = self.streams.get(number)
            if stream is None or stream.done():
                if stream is not None:
                    stream.result()
                await self.reopen(number)


async def play_scenario(clock: FakeClock, seed: int) -> None:
    rng = random.Random(seed)
    options = LiveOptions(poll=POLL_SECONDS, kept_events=rng.choice([3, 256]))
    async with live_system(clock, replicas=2, options=options) as system:
        system.source.cache_seconds = rng.choice([0.0, 5.0])
        system.source.read_seconds = rng.choice([0.0, 0.3, 2.5])
        system.event_log.response_seconds = rng.choice([0.0, 0.004, 0.1])
        scenario = Scenario(system, rng)
        await scenario.play()
        await cancel_all(*scenario.streams.values())

        fresh = system.source.batches[ANNA]
        assert [client.batches for client in scenario.clients] == [fresh] * len(scenario.clients)
        assert_one_read_a_second(system)


def assert_one_read_a_second(system: LiveSystem) -> None:
    """A wiped log has lost the lease, so each wipe allows one read more."""
    times = [at for at, _ in system.source.reads]
    too_soon = sum(later - earlier < 0.999 for earlier, later in pairwise(times))
    assert too_soon <= system.event_log.wiped


@pytest.mark.parametrize("seed", range(SCENARIOS))
def test_every_copy_ends_equal_to_a_fresh_read(seed: int) -> None:
    clock = FakeClock()

    run_virtually(clock, play_scenario(clock, seed))
