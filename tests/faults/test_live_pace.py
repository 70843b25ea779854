"""Rate of reads from the source, and recovery when Redis restarts."""

import asyncio
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests import local_servers
from tests.faults.live_clients import batch_id, following, message, wait_until
from tests.faults.live_process import live_process
from tests.faults.platform_answers import TEACHER
from tests.faults.stub_platform import StubPlatform
from tests.ports import free_port

# The rates are guaranteed with a real Redis only.
pytestmark = pytest.mark.redis


async def test_a_restarted_redis_begins_a_new_epoch_with_the_current_state(
    tmp_path: Path, platform: StubPlatform
) -> None:
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    async with AsyncExitStack() as stack:
        with local_servers.running_redis(tmp_path, port, end=signal.SIGKILL):
            live = await stack.enter_async_context(live_process(tmp_path, platform, url))
            follower = live.follower()
            await stack.enter_async_context(following(follower))
            await wait_until(lambda: follower.screen.batches)
        live.batches.put(2)
        await wait_until(lambda: 503 in follower.statuses)
        during_outage = await follower.fresh(live.url)
        with local_servers.running_redis(tmp_path, port):
            await wait_until(lambda: follower.screen.event_names[-2:] == ["resync", "snapshot"])
            reason, after_restart = follower.screen.data[-2], follower.screen.batches

    assert "Retry-After" in {name.title() for name in follower.headers} or 503 in follower.statuses
    assert reason == {"reason": "epoch"}
    assert after_restart == during_outage
    assert set(during_outage) == {batch_id(1), batch_id(2)}


async def test_no_read_happens_for_users_without_streams(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with live_process(tmp_path, platform, redis_url) as live:
        follower = live.follower()
        async with following(follower):
            await wait_until(lambda: follower.screen.batches)
        await asyncio.sleep(1)
        before = live.batches.reads
        for number in range(50):
            await live.redis.publish(f"ws:{TEACHER}", message("class_created", n=number))
            await live.redis.publish("ws:erik-1", message("class_created", n=number))
        await asyncio.sleep(4)

    assert live.batches.reads == before


async def test_a_burst_causes_one_read_and_steady_messages_one_a_second(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with live_process(
        tmp_path, platform, redis_url, LIVE__POLL="60", LIVE__REREADS="30"
    ) as live:
        follower = live.follower()
        async with following(follower):
            await wait_until(lambda: follower.screen.batches)
            await asyncio.sleep(1.2)
            before = live.batches.reads
            pipeline = live.redis.pipeline(transaction=False)
            for number in range(100):
                pipeline.publish(f"ws:{TEACHER}", message("class_created", n=number))
            await pipeline.execute()
            await asyncio.sleep(1)
            burst = live.batches.reads - before
            began = time.monotonic()
            for number in range(60):
                await live.redis.publish(f"ws:{TEACHER}", message("class_created", m=number))
                await asyncio.sleep(0.05)
            steady = live.batches.reads - before - burst
            seconds = time.monotonic() - began

    assert burst == 1
    assert 2 <= steady <= seconds + 1
