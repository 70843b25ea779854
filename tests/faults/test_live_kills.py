"""After `kill -9` of Redis, a replica or a client amid changes, every copy equals a fresh read.

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
from tests.faults.live_clients import FAST_SETTINGS, RasBatches, StreamFollower, message
from tests.faults.platform_answers import TEACHER
from tests.faults.stub_platform import StubPlatform
from tests.faults.teacher_process import teacher_process
from tests.faults.tiny_process import Running
from tests.ports import free_port

ROUNDS = 50 if os.environ.get("FULL_ROUNDS") == "1" else 5
VICTIMS = ("redis", "replica", "client")
SETTLE_TIMEOUT_SECONDS = 30.0

pytestmark = pytest.mark.redis


@dataclass
class KillableSystem:
    """Two replicas, their Redis, and three clients that reconnect to either replica."""

    folder: Path
    platform: StubPlatform
    session: aiohttp.ClientSession
    batches: RasBatches
    port: int = field(default_factory=free_port)
    replicas: dict[int, Running] = field(default_factory=dict)
    stacks: dict[str, ExitStack] = field(default_factory=dict)
    followers: list[StreamFollower] = field(default_factory=list)
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
            teacher_process(folder, urls, **(FAST_SETTINGS | ledger))
        )

    def addresses(self) -> list[str]:
        return [f"http://127.0.0.1:{running.port}" for running in self.replicas.values()]

    def start_follower(self, number: int) -> None:
        self.followers[number].urls = self.addresses()
        self.tasks[number] = asyncio.create_task(self.followers[number].follow())

    async def change(self, rng: random.Random) -> None:
        self.changes += 1
        if rng.random() < 0.15:
            self.batches.remove(rng.randrange(5))
        else:
            self.batches.put(rng.randrange(5), completed_essay_count=self.changes)
        if rng.random() < 0.7:
            await self.notify_teacher()

    async def notify_teacher(self) -> None:
        redis = Redis.from_url(self.redis_url, socket_timeout=1, socket_connect_timeout=1)
        with suppress(RedisError, OSError):
            await redis.publish(f"ws:{TEACHER}", message("class_created", n=self.changes))
        with suppress(RedisError, OSError):
            await redis.aclose()

    async def kill(self, victim: str, rng: random.Random) -> None:
        if victim == "client":
            number = rng.randrange(len(self.followers))
            self.tasks[number].cancel()
            await asyncio.wait([self.tasks[number]])
            self.start_follower(number)
        elif victim == "redis":
            await asyncio.to_thread(self.stacks["redis"].close)
            await self.change(rng)
            await asyncio.sleep(rng.uniform(0, 0.5))
            await asyncio.to_thread(self.start_redis)
        else:
            number = rng.randrange(2)
            # Closing the stack kills the process.
            await asyncio.to_thread(self.stacks[f"replica-{number}"].close)
            await self.change(rng)
            await asyncio.to_thread(self.start_replica, number)
            for follower in self.followers:
                follower.urls = self.addresses()

    async def wait_until_settled(self) -> None:
        """Wait until all copies equal a fresh read of either replica."""
        difference: object = None
        try:
            async with asyncio.timeout(SETTLE_TIMEOUT_SECONDS):
                while (difference := await self._difference()) is not None:
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(difference) from None
        self._check_followers()

    async def _difference(self) -> object:
        self._check_followers()
        for url in self.addresses():
            fresh = await self.followers[0].fresh(url)
            for follower in self.followers:
                if follower.screen.batches != fresh:
                    return fresh, follower.screen.batches, follower.screen.event_names[-5:]
        return None

    def _check_followers(self) -> None:
        for task in self.tasks:
            assert not task.done(), task.exception()


@pytest.fixture
async def system(tmp_path: Path, platform: StubPlatform) -> AsyncIterator[KillableSystem]:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        built = KillableSystem(tmp_path, platform, session, RasBatches(platform))
        built.batches.put(1)
        await asyncio.to_thread(built.start_redis)
        for number in range(2):
            await asyncio.to_thread(built.start_replica, number)
        built.followers = [
            StreamFollower(session, built.addresses(), attempts=at) for at in range(3)
        ]
        built.tasks = [asyncio.create_task(one.follow()) for one in built.followers]
        yield built
        for task in built.tasks:
            task.cancel()
        await asyncio.wait(built.tasks)
        for process in built.stacks.values():
            await asyncio.to_thread(process.close)


async def test_every_copy_equals_a_fresh_read_after_a_kill(system: KillableSystem) -> None:
    rng = random.Random(9)
    await system.wait_until_settled()
    for number in range(ROUNDS):
        for _ in range(rng.randrange(1, 6)):
            await system.change(rng)
            await asyncio.sleep(rng.uniform(0, 0.3))

        await system.kill(VICTIMS[number % len(VICTIMS)], rng)
        await system.change(rng)

        await system.wait_until_settled()
