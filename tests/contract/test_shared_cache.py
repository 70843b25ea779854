"""The cache in Redis and its fake keep the same promises."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bff_core.cache import RedisCache, open_redis
from bff_core.clock import SystemClock
from bff_core.ports import SharedCache
from bff_core.testing.doubles import FakeSharedCache

PATIENT_SECONDS = 2.0


@pytest.fixture(params=["fake", "redis"])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[SharedCache]:
    clock = SystemClock()
    if request.param == "fake":
        yield FakeSharedCache(clock)
        return
    redis = open_redis(request.getfixturevalue("redis_url"))
    await redis.flushdb()
    yield RedisCache(redis, clock, timeout=PATIENT_SECONDS)
    await redis.aclose()


async def test_what_is_put_is_found_as_it_was(cache: SharedCache) -> None:
    value = bytes(range(256))

    await cache.put("key", value, ttl=60.0)

    assert await cache.get("key") == value
    assert await cache.get("other") is None


async def test_what_is_dropped_is_gone(cache: SharedCache) -> None:
    await cache.put("key", b"value", ttl=60.0)

    await cache.drop("key")
    await cache.drop("never there")

    assert await cache.get("key") is None


async def test_it_lives_as_long_as_it_was_told(cache: SharedCache) -> None:
    await cache.put("key", b"value", ttl=0.05)

    await asyncio.sleep(0.1)

    assert await cache.get("key") is None


async def test_putting_again_replaces(cache: SharedCache) -> None:
    await cache.put("key", b"old", ttl=60.0)

    await cache.put("key", b"new", ttl=60.0)

    assert await cache.get("key") == b"new"
