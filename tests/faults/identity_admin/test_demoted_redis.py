"""Relays leave a Redis that has become a replica, though it keeps their connections open."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import SystemClock
from services.identity_admin.implementations.outbox_relay import (
    OutboxEvent,
    PublishFailed,
    RedisStreamPublisher,
)
from services.identity_admin.implementations.revocation import RevocationRelay

LIMIT = 30.0
Relay = Callable[[AsyncEngine, Redis], Coroutine[None, None, None]]


@pytest.fixture
async def operator(redis_url: str) -> AsyncIterator[Redis]:
    """Makes the server a replica and a primary again."""
    redis = Redis.from_url(redis_url)
    yield redis
    await redis.slaveof()
    await redis.aclose()


async def relay_marks(engine: AsyncEngine, redis: Redis) -> None:
    await RevocationRelay(engine, redis, SystemClock(), 3600.0).run()


async def relay_events(_: AsyncEngine, redis: Redis) -> None:
    event = OutboxEvent(uuid4(), "topic", "key", {})
    with suppress(PublishFailed):
        await RedisStreamPublisher(redis, "events", 10).publish([event])


@pytest.mark.parametrize("relay", [relay_marks, relay_events])
async def test_a_relay_connects_anew_after_a_refusal(
    engine: AsyncEngine, operator: Redis, redis_url: str, relay: Relay
) -> None:
    redis = Redis.from_url(redis_url)
    before = await redis.client_id()
    await operator.slaveof("127.0.0.1", 9)
    task = asyncio.create_task(relay(engine, redis))

    try:
        async with asyncio.timeout(LIMIT):
            while any(int(one["id"]) == before for one in await operator.client_list()):
                await asyncio.sleep(0.05)
    finally:
        task.cancel()
        await asyncio.wait([task])
        await redis.aclose()
