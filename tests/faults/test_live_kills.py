"""`kill -9` of Redis, of a replica, of a client, amid changes: every copy ends equal to a fresh read.

`FULL_ROUNDS=1 ./dev test tests/faults/test_live_kills.py` runs 50 rounds, otherwise 5.
"""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests import local_servers
from tests.faults.live_kit import QUICK, Follower, Teaching, message
from tests.faults.platform_answers import TEACHER
from tests.faults.stub_platform import StubPlatform
from tests.faults.teacher_process import teacher_process
from tests.faults.tiny_process import Running

ROUNDS = 50 if os.environ.get("FULL_ROUNDS") == "1" else 5
VICTIMS = ("redis", "replica", "client")
SETTLES = 30.0

pytestmark = pytest.mark.redis


@dataclass
class Theatre:
    """Two replicas, their Redis, three clients that come back to either replica."""

    folder: Path
    platform: StubPlatform
    session: aiohttp.ClientSession
    teaching: Teaching
    port: int = field(default_factory=local_servers.free_port)
    replicas: dict[int, Running] = field(default_factory=dict)
    stacks: dict[str, ExitStack] = field(default_factory=dict)
    followers: list[Follower] = field(default_factory=list)
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)
    changes: int = 0

    @property
    def redis_url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start_redis(self) -> None:
        stack = self.stacks["redis"] = ExitStack()
        folder = self.folder / "redis"
        folder.mkdir(exist_ok=True)
        stack.enter_context(local_servers.running_redis(folder, self.port, end=signal.SIGKILL))

    def start_replica(self, number: int) -> None:
        stack = self.stacks[f"replica-{number}"] = ExitStack()
        folder = self.folder / f"replica-{number}"
        folder.mkdir(exist_ok=True)
        ledger = {"LEDGER_URL": f"sqlite:///{folder / 'ledger.sqlite3'}"}
        urls = self.platform.urls | {"REDIS_URL": self.redis_url}
        self.replicas[number] = stack.enter_context(
            teacher_process(folder, urls, **(QUICK | ledger))
        )

    def addresses(self) -> list[str]:
        return [f"http://127.0.0.1:{running.port}" for running in self.replicas.values()]

    def begin(self, number: int) -> None:
        self.followers[number].urls = self.addresses()
        self.tasks[number] = asyncio.create_task(self.followers[number].follow())

    async def change(self, chance: random.Random) -> None:
        self.changes += 1
        if chance.random() < 0.15:
            self.teaching.drop(chance.randrange(5))
        else:
            self.teaching.put(chance.randrange(5), completed_essay_count=self.changes)
        if chance.random() < 0.7:
            await self.say()

    async def say(self) -> None:
        redis = Redis.from_url(self.redis_url, socket_timeout=1, socket_connect_timeout=1)
        with suppress(RedisError, OSError):
            await redis.publish(f"ws:{TEACHER}", message("class_created", n=self.changes))
        with suppress(RedisError, OSError):
            await redis.aclose()

    async def kill(self, victim: str, chance: random.Random) -> None:
        if victim == "client":
            number = chance.randrange(len(self.followers))
            self.tasks[number].cancel()
            await asyncio.wait([self.tasks[number]])
            self.begin(number)
        elif victim == "redis":
            await asyncio.to_thread(self.stacks["redis"].close)
            await self.change(chance)
            await asyncio.sleep(chance.uniform(0, 0.5))
            await asyncio.to_thread(self.start_redis)
        else:
            number = chance.randrange(2)
            # Its context ends it by SIGKILL.
            await asyncio.to_thread(self.stacks[f"replica-{number}"].close)
            await self.change(chance)
            await asyncio.to_thread(self.start_replica, number)
            for follower in self.followers:
                follower.urls = self.addresses()

    async def settled(self) -> None:
        """Until all copies equal a fresh read of either replica."""
        why: object = None
        try:
            async with asyncio.timeout(SETTLES):
                while (why := await self._difference()) is not None:
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(why) from None
        self._check()

    async def _difference(self) -> object:
        self._check()
        for url in self.addresses():
            fresh = await self.followers[0].fresh(url)
            for follower in self.followers:
                if follower.copy.batches != fresh:
                    return fresh, follower.copy.batches, follower.copy.words[-5:]
        return None

    def _check(self) -> None:
        for task in self.tasks:
            assert not task.done(), task.exception()


@pytest.fixture
async def theatre(tmp_path: Path, platform: StubPlatform) -> AsyncIterator[Theatre]:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        made = Theatre(tmp_path, platform, session, Teaching(platform))
        made.teaching.put(1)
        await asyncio.to_thread(made.start_redis)
        for number in range(2):
            await asyncio.to_thread(made.start_replica, number)
        made.followers = [Follower(session, made.addresses(), tries=at) for at in range(3)]
        made.tasks = [asyncio.create_task(one.follow()) for one in made.followers]
        yield made
        for task in made.tasks:
            task.cancel()
        await asyncio.wait(made.tasks)
        for each in made.stacks.values():
            await asyncio.to_thread(each.close)


async def test_no_kill_leaves_a_lie(theatre: Theatre) -> None:
    chance = random.Random(9)
    await theatre.settled()
    for number in range(ROUNDS):
        for _ in range(chance.randrange(1, 6)):
            await theatre.change(chance)
            await asyncio.sleep(chance.uniform(0, 0.3))

        await theatre.kill(VICTIMS[number % len(VICTIMS)], chance)
        await theatre.change(chance)

        await theatre.settled()
