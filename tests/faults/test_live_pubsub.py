"""The pub/sub connection while Redis is away and back: it tries on, and says so once."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bff_core.context import UserId
from services.bff_teacher.live.pubsub import RedisPubSubClient, WakeUp
from services.bff_teacher.live.redis_event_log import open_live_redis
from tests import local_servers
from tests.faults.live_clients import wait_until
from tests.ports import free_port

ATTEMPTS = 4


@dataclass
class CountingListener:
    connected: int = 0
    disconnected: int = 0

    def on_connected(self) -> None:
        self.connected += 1

    def on_disconnected(self) -> None:
        self.disconnected += 1

    def on_wake_up(self, wake_up: WakeUp) -> None: ...

    def on_message(self, user_id: UserId, message: bytes) -> None: ...


@pytest.mark.redis
async def test_an_outage_is_two_lines_however_often_it_is_tried(tmp_path: Path) -> None:
    port = free_port()
    redis = open_live_redis(f"redis://127.0.0.1:{port}/0")
    listener = CountingListener()

    with capture_logs() as logs:
        task = asyncio.create_task(RedisPubSubClient(redis).run(listener))
        await wait_until(lambda: listener.disconnected >= ATTEMPTS)
        with local_servers.running_redis(tmp_path, port):
            await wait_until(lambda: listener.connected)
            task.cancel()
            await asyncio.wait([task])
            await redis.aclose()

    events = [(line["event"], line["log_level"]) for line in logs]
    assert events == [("live_pubsub_lost", "warning"), ("live_pubsub_connected", "info")]
