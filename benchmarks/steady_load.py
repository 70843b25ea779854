"""A teacher BFF process in front of stub services, under load at a constant rate."""

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

import aiohttp

from benchmarks.payloads import maintenance
from bff_core.testing import Reply, stub_server
from tests import local_servers
from tests.faults.platform_answers import PROFILE, ROW, batch_page
from tests.faults.stub_platform import StubPlatform, stub_platform
from tests.faults.teacher_process import Caller, teacher_process

MAX_IN_FLIGHT = 128
"""Requests above this number are skipped."""
KEEP_ALIVE = 2.0
"""Seconds; short, so that the connections of a peak are closed before they are counted."""
TIMEOUT = aiohttp.ClientTimeout(total=30)

SendRequest = Callable[[int], Awaitable[int]]
"""Sends a request by its number and returns the status."""


@dataclass
class LatencyTally:
    """Latencies in milliseconds, and counts by status; 0 stands for no response."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def __str__(self) -> str:
        statuses = ", ".join(
            f"{status}: {count}" for status, count in sorted(self.statuses.items())
        )
        return f"median {self.median:6.1f} ms  p99 {self.p99:6.1f} ms  ({statuses})"

    @property
    def median(self) -> float:
        return median(self.latencies)

    @property
    def p99(self) -> float:
        return quantiles(self.latencies, n=100)[98]

    async def time(self, send: SendRequest, number: int) -> None:
        began = time.perf_counter()
        try:
            status = await send(number)
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        self.latencies.append((time.perf_counter() - began) * 1000)
        self.statuses[status] += 1


@dataclass(frozen=True)
class TeacherBench:
    """The process, its stub services, and its callers by number."""

    platform: StubPlatform
    callers: list[Caller]
    pid: int

    async def get(self, number: int, path: str) -> int:
        """Send as the caller of that number; returns the status."""
        status, _, _ = await self.callers[number % len(self.callers)].get(path)
        return status


@asynccontextmanager
async def open_bench(
    settings: Mapping[str, str] | None = None, *, users: int = 50, redis: bool = False
) -> AsyncIterator[TeacherBench]:
    """Start a BFF; `settings` are its own, by name without their prefix."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        platform = await stack.enter_async_context(stub_platform())
        names = [f"teacher-{number}" for number in range(users)]
        for name in names:
            set_responses(platform, name)
        # Without a config service every second would add a failed call.
        config = await stack.enter_async_context(stub_server())
        config.on("/v1/settings/maintenance", Reply(body=maintenance()))
        more = {"CONFIG__URL": config.url, **(settings or {})}
        urls = dict(platform.urls)
        if redis and local_servers.redis_binary():
            urls["REDIS_URL"] = stack.enter_context(local_servers.running_redis(folder))
        running = stack.enter_context(teacher_process(folder, urls, **more))
        session = await stack.enter_async_context(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE),
                timeout=TIMEOUT,
            )
        )
        url = f"http://127.0.0.1:{running.port}"
        callers = [Caller(session, url, name) for name in names]
        yield TeacherBench(platform, callers, running.process.pid)


def set_responses(platform: StubPlatform, user: str) -> None:
    """Give the stubs the responses for a user."""
    page = batch_page(ROW | {"user_id": user})
    platform.ras.on(f"/internal/v1/batches/user/{user}", Reply(body=page))
    platform.identity.on(f"/v1/users/{user}/profile", Reply(body=PROFILE))


async def open_load(send: SendRequest, *, rate: float, seconds: float) -> LatencyTally:
    """Send at `rate` a second on average, independent of the responses.

    Arrivals are random but the same in every round, so that two loads never synchronize.
    """
    tally, slots, arrivals = LatencyTally(), asyncio.Semaphore(MAX_IN_FLIGHT), random.Random(rate)
    began, at = time.perf_counter(), 0.0

    async def one(number: int) -> None:
        async with slots:
            await tally.time(send, number)

    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            at += arrivals.expovariate(rate)
            await asyncio.sleep(max(0.0, began + at - time.perf_counter()))
            if not slots.locked():
                group.create_task(one(number))
    return tally


async def capacity(send: SendRequest, *, seconds: float, callers: int = 16) -> float:
    """Responses a second with so many callers in a closed loop."""
    end, tally = time.perf_counter() + seconds, LatencyTally()

    async def call(first: int) -> None:
        number = first
        while time.perf_counter() < end:
            await tally.time(send, number)
            number += callers

    async with asyncio.TaskGroup() as group:
        for first in range(callers):
            group.create_task(call(first))
    return len(tally.latencies) / seconds
