"""Sign-in attempts are counted alike in memory and in Redis, and nobody is shut out by Redis."""

from collections.abc import AsyncIterator

import pytest
from fakeredis import FakeAsyncRedis
from redis.exceptions import ConnectionError as RedisAway

from bff_core.testing.clock import FakeClock
from devstack.emulators.identity.login_limit import (
    Attempts,
    LoginLimit,
    MemoryAttempts,
    RedisAttempts,
)


@pytest.fixture(params=["memory", "redis"])
async def attempts(request: pytest.FixtureRequest, clock: FakeClock) -> AsyncIterator[Attempts]:
    made = MemoryAttempts(clock) if request.param == "memory" else RedisAttempts(FakeAsyncRedis())
    yield made
    await made.close()


async def test_the_limit_is_reached_per_identifier(attempts: Attempts) -> None:
    limit = LoginLimit(attempts, 2)

    for _ in range(2):
        await limit.add("anna@demo.example")

    assert await limit.exceeded("anna@demo.example")
    assert not await limit.exceeded("10.0.0.1")


async def test_limit_zero_counts_nothing(attempts: Attempts) -> None:
    limit = LoginLimit(attempts, 0)

    await limit.add("::1")

    assert not await limit.exceeded("::1")


async def test_redis_keys_are_the_platforms() -> None:
    redis = FakeAsyncRedis()
    limit = LoginLimit(RedisAttempts(redis), 5)

    await limit.add("anna@demo.example")
    await limit.add("::1")

    keys = {key.decode() for key in await redis.keys()}
    assert keys == {
        "identity:rate_limit:login:anna_at_demo.example",
        "identity:rate_limit:login:__1",
    }
    assert 0 < await redis.ttl("identity:rate_limit:login:__1") <= 60
    await redis.aclose()


class AwayRedis:
    async def get(self, key: str) -> bytes:
        raise RedisAway

    async def set(self, key: str, value: int, *, ex: int) -> None:
        raise RedisAway


async def test_redis_away_lets_everybody_try() -> None:
    limit = LoginLimit(RedisAttempts(AwayRedis()), 1)

    await limit.add("10.0.0.1")

    assert not await limit.exceeded("10.0.0.1")


async def test_memory_forgets_the_oldest_beyond_its_capacity(clock: FakeClock) -> None:
    attempts = MemoryAttempts(clock, capacity=2)

    for key in ("a", "b", "c"):
        await attempts.add(key)

    assert [await attempts.count(key) for key in ("a", "b", "c")] == [0, 1, 1]
