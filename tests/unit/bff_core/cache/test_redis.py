"""The Redis cache while Redis is away, slow or busy."""

import asyncio
from typing import cast

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from structlog.testing import capture_logs

from bff_core.cache import RedisCache
from bff_core.testing.clock import FakeClock, Run


class FakeRedis:
    """Holds bytes; `mood` is an error to raise or seconds to take."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[bytes, int]] = {}
        self.mood: Exception | float = 0.0
        self.asked = 0

    async def get(self, name: str) -> bytes | None:
        await self._work()
        return self.held.get(name, (None, 0))[0]

    async def set(self, name: str, value: bytes, *, px: int) -> object:
        await self._work()
        self.held[name] = (value, px)
        return True

    async def delete(self, name: str) -> object:
        await self._work()
        return self.held.pop(name, None)

    async def ping(self) -> object:
        await self._work()
        return True

    async def _work(self) -> None:
        self.asked += 1
        if isinstance(self.mood, Exception):
            raise self.mood
        await asyncio.sleep(self.mood)


@pytest.fixture
def redis() -> FakeRedis:
    return FakeRedis()


@pytest.fixture
def failed() -> list[str]:
    return []


@pytest.fixture
def cache(clock: FakeClock, redis: FakeRedis, failed: list[str]) -> RedisCache:
    # The fake has what the cache uses.
    return RedisCache(cast("Redis", redis), clock, max_in_flight=2, on_failure=failed.append)


FAILURES = [RedisConnectionError("gone"), ResponseError("LOADING"), OSError("reset"), 60.0]


def test_what_is_put_is_found_until_dropped(run: Run, cache: RedisCache, redis: FakeRedis) -> None:
    async def scene() -> list[bytes | None]:
        await cache.put("key", b"value", ttl=1.5)
        found = await cache.get("key")
        assert redis.held["key"] == (b"value", 1500)
        await cache.drop("key")
        return [found, await cache.get("key")]

    assert run(scene()) == [b"value", None]


@pytest.mark.parametrize("mood", FAILURES)
def test_no_failure_comes_out_and_each_is_counted(
    run: Run, cache: RedisCache, redis: FakeRedis, failed: list[str], mood: Exception
) -> None:
    redis.mood = mood

    async def scene() -> None:
        assert await cache.get("key") is None
        await asyncio.sleep(1.0)
        await cache.put("key", b"value", ttl=1.0)
        await asyncio.sleep(1.0)
        await cache.drop("key")

    run(scene())

    assert failed == ["get", "put", "drop"]
    assert cache.failures == 3


def test_a_store_that_hangs_costs_its_deadline_once(
    run: Run, clock: FakeClock, cache: RedisCache, redis: FakeRedis
) -> None:
    redis.mood = 60.0
    began = clock.monotonic()

    async def scene() -> None:
        for _ in range(100):
            await cache.get("key")

    run(scene())

    assert clock.monotonic() - began == pytest.approx(0.05)
    assert redis.asked == 1


def test_late_answers_of_one_moment_are_no_outage(
    run: Run, cache: RedisCache, redis: FakeRedis, failed: list[str]
) -> None:
    async def late() -> None:
        redis.mood = 60.0
        async with asyncio.TaskGroup() as together:
            together.create_task(cache.get("one"))
            together.create_task(cache.get("other"))
        redis.mood = 0.0
        await asyncio.sleep(1.0)

    async def scene() -> None:
        await late()
        await cache.get("key")
        await late()

    with capture_logs() as logs:
        run(scene())

    assert failed == ["get"] * 4
    assert logs == []


def test_a_store_that_is_late_again_after_a_rest_is_an_outage(
    run: Run, cache: RedisCache, redis: FakeRedis
) -> None:
    async def scene() -> None:
        redis.mood = 60.0
        for _ in range(10):
            await cache.get("key")
            await asyncio.sleep(1.0)
        redis.mood = 0.0
        await cache.get("key")

    with capture_logs() as logs:
        run(scene())

    assert [line["event"] for line in logs] == ["shared_cache_failed", "shared_cache_recovered"]
    assert logs[0]["kind"] == "TimeoutError"


def test_an_outage_is_two_lines_however_long_it_lasts(
    run: Run, cache: RedisCache, redis: FakeRedis
) -> None:
    async def scene() -> None:
        redis.mood = OSError("gone")
        for _ in range(60):
            await cache.get("key")
            await asyncio.sleep(1.0)
        redis.mood = 0.0
        await cache.get("key")
        await cache.get("key")

    with capture_logs() as logs:
        run(scene())

    assert cache.failures == 60
    assert [line["event"] for line in logs] == ["shared_cache_failed", "shared_cache_recovered"]


def test_after_a_rest_it_is_asked_again(run: Run, cache: RedisCache, redis: FakeRedis) -> None:
    async def scene() -> bytes | None:
        await cache.put("key", b"value", ttl=60.0)
        redis.mood = OSError("gone")
        await cache.get("key")
        assert cache.cooling_down
        redis.mood = 0.0
        assert await cache.get("key") is None
        await asyncio.sleep(1.0)
        return await cache.get("key")

    assert run(scene()) == b"value"


def test_a_caller_who_hangs_up_is_no_failure(
    run: Run, cache: RedisCache, redis: FakeRedis, failed: list[str]
) -> None:
    redis.mood = 0.04

    async def scene() -> None:
        tasks = [asyncio.create_task(cache.get("key")) for _ in range(2)]
        await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await cache.get("key")

    run(scene())

    assert failed == []
    assert redis.asked == 3


def test_what_is_too_much_at_once_is_a_miss_not_a_failure(
    run: Run, cache: RedisCache, redis: FakeRedis, failed: list[str]
) -> None:
    redis.mood = 0.01

    async def scene() -> None:
        await asyncio.wait([asyncio.create_task(cache.get("key")) for _ in range(10)])

    run(scene())

    assert redis.asked == 2
    assert failed == []


@pytest.mark.parametrize(("mood", "well"), [(0.0, True), (2.0, False), (OSError("gone"), False)])
def test_ping_says_how_it_is(
    run: Run, cache: RedisCache, redis: FakeRedis, mood: Exception | float, *, well: bool
) -> None:
    redis.mood = mood

    assert run(cache.ping()) is well
    assert cache.name == "redis"


def test_a_reply_to_a_ping_ends_the_cooldown(run: Run, cache: RedisCache, redis: FakeRedis) -> None:
    async def scene() -> None:
        redis.mood = OSError("gone")
        await cache.get("key")
        redis.mood = 0.0
        await cache.ping()

    run(scene())

    assert not cache.cooling_down
