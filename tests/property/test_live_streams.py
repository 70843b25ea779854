"""Whatever happens, every client's copy equals a fresh read once things are quiet.

Two replicas over one log; changes told and untold, duplicates, messages that are lost, wake-ups that
are lost, clients that are cut and go on elsewhere, a log that is wiped, sources that answer from a
cache. FULL_NUMBERS=1 makes 10,000 changes, otherwise about 1,000.
"""

import asyncio
import os
import random
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from bff_core.errors import DownstreamUnreachable
from bff_core.testing import FakeClock
from bff_core.testing.virtual_time import run_virtually
from services.bff_teacher.streaming.watched import Rhythm
from tests.unit.bff_teacher.streaming.live_world import ANNA, Client, World, a_world, ended

FULL = os.environ.get("FULL_NUMBERS") == "1"
WORLDS, CHANGES = (250, 40) if FULL else (25, 40)
POLL = 30.0
QUIET = POLL * 1.2 + 10.0

Step = str
STEPS: dict[Step, int] = {
    "change": 10,
    "change_untold": 4,
    "message": 3,
    "twice": 2,
    "cut": 6,
    "deaf": 2,
    "wipe": 1,
    "source_down": 1,
    "source_up": 2,
    "wait": 6,
}


@dataclass
class Story:
    """One world and three clients in it, driven by one seed."""

    world: World
    chance: random.Random
    clients: list[Client] = field(default_factory=lambda: [Client() for _ in range(3)])
    streams: dict[int, "asyncio.Task[None]"] = field(default_factory=dict)
    changes: int = 0
    unique: int = 0

    async def tell(self) -> None:
        for number in range(len(self.clients)):
            await self.reopen(number)
        while self.changes < CHANGES:
            (step,) = self.chance.choices(list(STEPS), list(STEPS.values()))
            await self.take(step)
            await asyncio.sleep(self.chance.choice([0.0, 0.05, 0.3, 1.0]))
            await self.come_back()
        self.world.bus.deaf.clear()
        self.world.source.error = None
        await asyncio.sleep(QUIET)
        await self.come_back()
        await asyncio.sleep(QUIET)

    async def take(self, step: Step) -> None:
        world = self.world
        match step:
            case "change":
                self.change()
                self.say()
            case "change_untold":
                self.change()
            case "message":
                self.say()
            case "twice":
                self.change()
                world.say("class_created", n=self.unique)
                world.say("class_created", n=self.unique)
            case "cut":
                await self.reopen(self.chance.randrange(len(self.clients)))
            case "deaf":
                world.bus.deaf = set(self.chance.sample([0, 1], self.chance.randrange(3)))
            case "wipe":
                world.log.wipe()
            case "source_down":
                world.source.error = DownstreamUnreachable("ras")
            case "source_up":
                world.source.error = None
            case _:
                await asyncio.sleep(self.chance.uniform(0, 20))

    def change(self) -> None:
        batches = self.world.source.batches.setdefault(ANNA, {})
        self.changes += 1
        one = f"b{self.chance.randrange(6)}"
        if one in batches and self.chance.random() < 0.2:
            del batches[one]
        else:
            fields = batches.setdefault(one, {})
            fields[self.chance.choice("xyz")] = self.changes
            if self.chance.random() < 0.3:
                fields.pop(self.chance.choice("xyz"), None)

    def say(self) -> None:
        self.unique += 1
        self.world.say("batch_results_ready", n=self.unique)

    async def reopen(self, number: int) -> None:
        if number in self.streams:
            await ended(self.streams.pop(number))
        try:
            replica = self.chance.choice(self.world.replicas)
            self.streams[number] = await replica.open(self.clients[number])
        except DownstreamUnreachable:
            return

    async def come_back(self) -> None:
        """As clients do whose stream has ended."""
        for number in range(len(self.clients)):
            stream = self.streams.get(number)
            if stream is None or stream.done():
                if stream is not None:
                    stream.result()
                await self.reopen(number)


async def lived(clock: FakeClock, seed: int) -> None:
    chance = random.Random(seed)
    longest = chance.choice([3, 256])
    async with a_world(clock, replicas=2, rhythm=Rhythm(poll=POLL), longest=longest) as world:
        world.source.lag = chance.choice([0.0, 5.0])
        world.source.seconds = chance.choice([0.0, 0.3, 2.5])
        world.log.distance = chance.choice([0.0, 0.004, 0.1])
        story = Story(world, chance)
        await story.tell()
        await ended(*story.streams.values())

        fresh = world.source.batches[ANNA]
        assert [client.batches for client in story.clients] == [fresh] * len(story.clients)
        _was_polite(world)


def _was_polite(world: World) -> None:
    """One read a second at most, but for the seconds in which the log forgot the last one."""
    moments = [at for at, _ in world.source.read_at]
    hasty = sum(later - at < 0.999 for at, later in pairwise(moments))
    assert hasty <= world.log.wiped


@pytest.mark.parametrize("seed", range(WORLDS))
def test_every_copy_ends_equal_to_a_fresh_read(seed: int) -> None:
    clock = FakeClock()

    run_virtually(clock, lived(clock, seed))
