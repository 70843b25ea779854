"""The teacher BFF under load while its Redis is killed, away, and back."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests import local_servers
from tests.faults.stub_platform import stub_platform
from tests.faults.teacher_process import Caller, teacher_process
from tests.ports import free_port

# Fresh for so short that nearly every read asks Redis.
ASKING = {
    "CMS__CLASS_LIST__MAX_AGE": "0.01",
    "CMS__CLASS_LIST__STALE_WHILE_REVALIDATE": "60",
    "CMS__CLASS_INFO__MAX_AGE": "0.01",
    "CMS__CLASS_INFO__STALE_WHILE_REVALIDATE": "60",
}
LIMIT = 30.0
"""Seconds for a busy machine."""
FAILURES = "bff_teacher_shared_cache_failures_total"


@asynccontextmanager
async def caller_of(folder: Path, redis_url: str) -> AsyncIterator[Caller]:
    async with stub_platform() as platform:
        urls = platform.urls | {"REDIS_URL": redis_url}
        with teacher_process(folder, urls, **ASKING) as running:
            async with aiohttp.ClientSession() as session:
                yield Caller(session, f"http://127.0.0.1:{running.port}")


async def visit(caller: Caller, seen: Counter[tuple[int, str]], stop: asyncio.Event) -> None:
    """One front end that never rests: what it was answered and which parts were missing."""
    while not stop.is_set():
        status, body, _ = await caller.get("/v1/teacher/dashboard")
        parts: list[dict[str, str]] = body.get("parts", [])
        missing = [part["name"] for part in parts if part["status"] == "missing"]
        seen[(status, ",".join(missing))] += 1


async def redis_part(caller: Caller) -> Any:
    status, body, _ = await caller.get("/ready")
    assert (status, body["status"]) == (200, "ready")
    return next(one["reachable"] for one in body["dependencies"] if one["name"] == "redis")


async def until_redis_is(caller: Caller, *, reachable: bool) -> None:
    async with asyncio.timeout(LIMIT):
        while await redis_part(caller) is not reachable:
            await asyncio.sleep(0.05)


async def until_visited(seen: Counter[tuple[int, str]], times: int) -> None:
    """Wait for so many more visits."""
    wanted = seen.total() + times
    async with asyncio.timeout(LIMIT):
        while seen.total() < wanted:
            await asyncio.sleep(0.05)


async def failures(caller: Caller) -> float:
    samples = await caller.metrics()
    return sum(value for name, value in samples.items() if name.startswith(FAILURES))


@pytest.mark.redis
async def test_a_redis_killed_and_restarted_under_load_fails_no_request(tmp_path: Path) -> None:
    port, stop = free_port(), asyncio.Event()
    seen: Counter[tuple[int, str]] = Counter()
    url = f"redis://127.0.0.1:{port}/0"
    async with caller_of(tmp_path, url) as caller, asyncio.TaskGroup() as group:
        with local_servers.running_redis(tmp_path, port, end=signal.SIGKILL):
            for _ in range(4):
                group.create_task(visit(caller, seen, stop))
            await until_redis_is(caller, reachable=True)
            await until_visited(seen, 20)
            before = await failures(caller)
        await until_redis_is(caller, reachable=False)
        async with asyncio.timeout(LIMIT):
            while await failures(caller) == before:
                await asyncio.sleep(0.05)
        with local_servers.running_redis(tmp_path, port):
            await until_redis_is(caller, reachable=True)
            await until_visited(seen, 20)
            stop.set()

    assert set(seen) == {(200, "")}


async def test_a_redis_absent_at_start_is_said_and_fails_no_request(tmp_path: Path) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    async with caller_of(tmp_path, url) as caller:
        answers = [await caller.get("/v1/teacher/dashboard") for _ in range(5)]

        assert {status for status, _, _ in answers} == {200}
        assert not any("x-parts-incomplete" in headers for _, _, headers in answers[:1])
        assert await redis_part(caller) is False
        assert await failures(caller) >= 1
