"""A teacher BFF process in front of stubs, and front ends that ask at a steady pace."""

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

import aiohttp

from benchmarks.bodies import maintenance_of
from bff_core.testing import Reply, stub_server
from tests import local_servers
from tests.faults.platform_answers import PROFILE, ROW, batch_page
from tests.faults.stub_platform import StubPlatform, stub_platform
from tests.faults.teacher_process import Caller, teacher_process

OUTSTANDING = 128
"""Requests that may wait at a time: the pace is kept, but not without bound."""
KEEP_ALIVE = 2.0
"""Short, so that what a peak opened is gone when the process is looked at afterwards."""
PATIENCE = aiohttp.ClientTimeout(total=30)

Ask = Callable[[int], Awaitable[int]]


@dataclass
class Tally:
    """Latencies in milliseconds and statuses; 0 is an answer that never came."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def __str__(self) -> str:
        told = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        return f"median {self.median:6.1f} ms  p99 {self.p99:6.1f} ms  ({told})"

    @property
    def median(self) -> float:
        return median(self.latencies)

    @property
    def p99(self) -> float:
        return quantiles(self.latencies, n=100)[98]

    async def time(self, ask: Ask, number: int) -> None:
        began = time.perf_counter()
        try:
            status = await ask(number)
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        self.latencies.append((time.perf_counter() - began) * 1000)
        self.statuses[status] += 1


@dataclass(frozen=True)
class Bench:
    """The process, what stands behind it, and its callers by number."""

    platform: StubPlatform
    callers: list[Caller]
    pid: int

    async def ask(self, number: int, path: str) -> int:
        status, _, _ = await self.callers[number % len(self.callers)].get(path)
        return status


@asynccontextmanager
async def open_bench(*, users: int = 50, redis: bool = False, **more: str) -> AsyncIterator[Bench]:
    """`more` are settings of the BFF without its prefix."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        platform = await stack.enter_async_context(stub_platform())
        names = [f"teacher-{number}" for number in range(users)]
        for name in names:
            answer_well(platform, name)
        # Without it each second leaves a failure and all that hangs on one to be collected.
        switches = await stack.enter_async_context(stub_server())
        switches.on("/v1/settings/maintenance", Reply(body=maintenance_of()))
        more = {"CONFIG__URL": switches.url, **more}
        urls = dict(platform.urls)
        if redis and local_servers.redis_binary():
            urls["REDIS_URL"] = stack.enter_context(local_servers.running_redis(folder))
        running = stack.enter_context(teacher_process(folder, urls, **more))
        session = await stack.enter_async_context(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE),
                timeout=PATIENCE,
            )
        )
        url = f"http://127.0.0.1:{running.port}"
        callers = [Caller(session, url, name) for name in names]
        yield Bench(platform, callers, running.process.pid)


def answer_well(platform: StubPlatform, user: str) -> None:
    page = batch_page(ROW | {"user_id": user})
    platform.ras.on(f"/internal/v1/batches/user/{user}", Reply(body=page))
    platform.identity.on(f"/v1/users/{user}/profile", Reply(body=PROFILE))


async def keep_pace(ask: Ask, *, rate: float, seconds: float) -> Tally:
    """Ask `rate` times a second on average, whether the answers keep up or not.

    Arrivals are random, as people are, and the same each time: two paces never fall into step, and
    two rounds differ in nothing but what they measure.
    """
    tally, room, dice = Tally(), asyncio.Semaphore(OUTSTANDING), random.Random(rate)
    began, at = time.perf_counter(), 0.0

    async def one(number: int) -> None:
        async with room:
            await tally.time(ask, number)

    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            at += dice.expovariate(rate)
            await asyncio.sleep(max(0.0, began + at - time.perf_counter()))
            if not room.locked():
                group.create_task(one(number))
    return tally


async def capacity(ask: Ask, *, seconds: float, callers: int = 16) -> float:
    """Answers a second when so many callers never rest."""
    until, tally = time.perf_counter() + seconds, Tally()

    async def visit(first: int) -> None:
        number = first
        while time.perf_counter() < until:
            await tally.time(ask, number)
            number += callers

    async with asyncio.TaskGroup() as group:
        for first in range(callers):
            group.create_task(visit(first))
    return len(tally.latencies) / seconds
