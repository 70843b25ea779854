"""The event stream of one process: what it costs the source, and Redis that goes and comes back."""

import asyncio
import signal
from pathlib import Path

import pytest

from tests import local_servers
from tests.faults.live_kit import batch_id, following, message, until
from tests.faults.live_stage import stage
from tests.faults.platform_answers import TEACHER
from tests.faults.stub_platform import StubPlatform

# The figures are promised of a real Redis.
pytestmark = pytest.mark.redis


async def test_redis_away_and_back_is_a_new_epoch_without_a_lie(
    tmp_path: Path, platform: StubPlatform
) -> None:
    port = local_servers.free_port()
    url = f"redis://127.0.0.1:{port}/0"
    with local_servers.running_redis(tmp_path, port, end=signal.SIGKILL):
        context = stage(tmp_path, platform, url)
        on = await context.__aenter__()
        one = on.follower()
        task = asyncio.create_task(one.follow())
        await until(lambda: one.copy.batches)
    try:
        on.teaching.put(2)
        await until(lambda: 503 in one.statuses)
        while_away = await one.fresh(on.url)
        with local_servers.running_redis(tmp_path, port):
            await until(lambda: one.copy.words[-2:] == ["resync", "snapshot"])
            back = one.copy.batches
            task.cancel()
            await asyncio.wait([task])
    finally:
        await context.__aexit__(None, None, None)

    assert "Retry-After" in {name.title() for name in one.headers} or 503 in one.statuses
    assert one.copy.told[-2] == {"reason": "epoch"}
    assert back == while_away
    assert set(while_away) == {batch_id(1), batch_id(2)}


async def test_nobody_is_read_for_who_does_not_watch(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with stage(tmp_path, platform, redis_url) as on:
        one = on.follower()
        async with following(one):
            await until(lambda: one.copy.batches)
        await asyncio.sleep(1)
        before = on.teaching.reads
        for number in range(50):
            await on.redis.publish(f"ws:{TEACHER}", message("class_created", n=number))
            await on.redis.publish("ws:erik-1", message("class_created", n=number))
        await asyncio.sleep(4)

    assert on.teaching.reads == before


async def test_a_burst_is_one_read_and_pace_is_kept(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with stage(tmp_path, platform, redis_url, LIVE__POLL="60", LIVE__REREADS="30") as on:
        one = on.follower()
        async with following(one):
            await until(lambda: one.copy.batches)
            await asyncio.sleep(1.2)
            before = on.teaching.reads
            for number in range(100):
                await on.redis.publish(f"ws:{TEACHER}", message("class_created", n=number))
            await asyncio.sleep(1)
            burst = on.teaching.reads - before
            for number in range(60):
                await on.redis.publish(f"ws:{TEACHER}", message("class_created", m=number))
                await asyncio.sleep(0.05)
            steady = on.teaching.reads - before - burst

    assert burst == 1
    assert 2 <= steady <= 4
