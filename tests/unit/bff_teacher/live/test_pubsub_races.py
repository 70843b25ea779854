"""A command of the subscription that meets the moment in which its connection is lost."""

import asyncio
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from bff_core.context import UserId
from bff_core.tasks import cancel_and_wait
from services.bff_teacher.live import pubsub
from services.bff_teacher.live.event_log import EventLogUnavailable
from services.bff_teacher.live.pubsub import RedisPubSubClient, WakeUp


class LostSubscription:
    """Connects; then fails as redis-py does while it connects anew beside its reader."""

    def __init__(self, lost: asyncio.Event) -> None:
        self._lost = lost
        self._connected = False

    async def subscribe(self, *_channels: str) -> None:
        if self._connected:
            self._lost.set()
            raise RuntimeError("read() called while another coroutine is already waiting")
        self._connected = True

    async def get_message(self, timeout: float) -> None:  # noqa: ASYNC109 - as in redis-py
        async with asyncio.timeout(timeout):
            await self._lost.wait()
        self._lost.clear()
        raise AttributeError("'NoneType' object has no attribute 'writelines'")

    async def aclose(self) -> None:
        pass


class LostRedis:
    def __init__(self) -> None:
        self._lost = asyncio.Event()

    def pubsub(self) -> LostSubscription:
        return LostSubscription(self._lost)


class Counted:
    def __init__(self) -> None:
        self.connected = asyncio.Semaphore(0)

    def on_connected(self) -> None:
        self.connected.release()

    def on_disconnected(self) -> None:
        pass

    def on_wake_up(self, wake_up: WakeUp) -> None:
        raise AssertionError(wake_up)

    def on_message(self, user_id: UserId, message: bytes) -> None:
        raise AssertionError(message)


async def test_it_is_a_lost_connection_and_the_subscription_connects_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pubsub, "RECONNECT_DELAY_SECONDS", 0.0)
    listener, client = Counted(), RedisPubSubClient(cast("Redis", cast("Any", LostRedis())))
    running = asyncio.create_task(client.run(listener))
    try:
        async with asyncio.timeout(30):
            await listener.connected.acquire()
            with pytest.raises(EventLogUnavailable):
                await client.subscribe(UserId("anna"))
            await listener.connected.acquire()
    finally:
        await cancel_and_wait(running)
