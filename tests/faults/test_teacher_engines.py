"""The main journeys of a front end with the teacher BFF on each HTTP server."""

import asyncio
import signal
import time
from pathlib import Path

import aiohttp
import pytest

from tests.faults.live_clients import following, wait_until
from tests.faults.live_process import live_process
from tests.faults.platform_answers import BATCH_PAGE
from tests.faults.stub_platform import StubPlatform
from tests.faults.teacher_process import Caller, teacher_process
from tests.faults.tiny_process import ENGINES, LIMIT


@pytest.mark.parametrize("engine", ENGINES)
async def test_it_answers_refuses_and_ends_well(
    tmp_path: Path, platform: StubPlatform, engine: str
) -> None:
    with teacher_process(tmp_path, platform.urls, SERVER=engine) as running:
        async with aiohttp.ClientSession() as session:
            caller = Caller(session, f"http://127.0.0.1:{running.port}")
            health, _, _ = await caller.get("/healthz")
            ready, _, _ = await caller.get("/ready")
            status, dashboard, headers = await caller.get("/v1/teacher/dashboard")
            missing, refusal, _ = await caller.get("/v1/teacher/nothing")
            async with session.get(f"{caller.url}/v1/teacher/dashboard") as anonymous:
                unknown = (anonymous.status, (await anonymous.json())["error"]["code"])
        started = time.monotonic()
        code = await asyncio.to_thread(running.end)

    assert (health, ready, status, missing) == (200, 200, 200, 404)
    assert len(dashboard["batches"]) == BATCH_PAGE.count(b'"batch_id"')
    assert "x-correlation-id" in headers
    assert refusal["error"]["code"] == "RESOURCE_NOT_FOUND"
    assert unknown == (401, "AUTHENTICATION_ERROR")
    assert (code, time.monotonic() - started < LIMIT) == (0, True)


@pytest.mark.parametrize("engine", ENGINES)
async def test_it_ends_streams_at_sigterm(
    tmp_path: Path, platform: StubPlatform, redis_url: str, engine: str
) -> None:
    async with live_process(tmp_path, platform, redis_url, SERVER=engine) as live:
        followers = [live.follower() for _ in range(3)]
        streams = [asyncio.create_task(follower.once()) for follower in followers]
        await wait_until(lambda: all(follower.screen.batches for follower in followers))
        live.running.process.send_signal(signal.SIGTERM)
        await wait_until(lambda: all(stream.done() for stream in streams), 5)
        code = await asyncio.to_thread(live.running.process.wait, LIMIT)

    assert [stream.exception() for stream in streams] == [None] * 3
    assert {follower.screen.end_reason for follower in followers} == {"shutdown"}
    assert code == 0


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_stream_whose_caller_leaves_frees_its_slot(
    tmp_path: Path, platform: StubPlatform, redis_url: str, engine: str
) -> None:
    async with live_process(
        tmp_path, platform, redis_url, SERVER=engine, LIVE__PER_USER="1"
    ) as live:
        first, second = live.follower(), live.follower()
        async with following(first):
            await wait_until(lambda: first.screen.batches)
        async with following(second):
            await wait_until(lambda: second.screen.batches)
            open_now = await live.metric("bff_teacher_live_streams_open")

    assert open_now == 1
