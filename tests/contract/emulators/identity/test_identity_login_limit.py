"""Sign-in attempts are counted alike in memory and in Redis; Redis that is away locks no one out."""

from collections.abc import AsyncIterator

import pytest
from fakeredis import FakeAsyncRedis
from redis.exceptions import ConnectionError as RedisAway

from bff_core.testing.clock import FakeClock
from devstack.emulators.identity.login_limit import LoginLimit


@pytest.fixture(params=["memory", "redis"])
async def limit(request: pytest.FixtureRequest, clock: FakeClock) -> AsyncIterator[LoginLimit]:
    redis = FakeAsyncRedis() if request.param == "redis" else None
    made = LoginLimit(2, clock.monotonic, redis)
    yield made
    await made.close()


async def test_the_limit_is_reached_per_identifier(limit: LoginLimit) -> None:
    for _ in range(2):
        await limit.add("anna@demo.example")

    assert await limit.exceeded("anna@demo.example")
    assert not await limit.exceeded("10.0.0.1")


async def test_limit_zero_counts_nothing(limit: LoginLimit) -> None:
    limit.limit = 0

    await limit.add("::1")

    assert not await limit.exceeded("::1")


async def test_redis_keys_are_the_platforms(clock: FakeClock) -> None:
    redis = FakeAsyncRedis()
    limit = LoginLimit(5, clock.monotonic, redis)

    await limit.add("anna@demo.example")
    await limit.add("::1")

    assert set(await redis.keys()) == {
        b"identity:rate_limit:login:anna_at_demo.example",
        b"identity:rate_limit:login:__1",
    }
    assert 0 < await redis.ttl("identity:rate_limit:login:__1") <= 60
    await redis.aclose()


class AwayRedis:
    async def get(self, key: str) -> bytes:
        raise RedisAway

    async def set(self, key: str, value: int, *, ex: int) -> None:
        raise RedisAway


async def test_redis_away_allows_every_attempt(clock: FakeClock) -> None:
    limit = LoginLimit(1, clock.monotonic, AwayRedis())  # type: ignore[arg-type]  # what it calls

    await limit.add("10.0.0.1")

    assert not await limit.exceeded("10.0.0.1")


async def test_memory_forgets_the_oldest_beyond_its_capacity(clock: FakeClock) -> None:
    limit = LoginLimit(1, clock.monotonic, capacity=2)

    for identifier in ("a", "b", "c"):
        await limit.add(identifier)

    assert [await limit.exceeded(one) for one in ("a", "b", "c")] == [False, True, True]
