"""A rate limit is enforced exactly and refills evenly, in memory and in Redis alike."""

import asyncio

import pytest
from redis.asyncio import Redis

from bff_core.composition import fan_out
from bff_core.errors import RateLimited
from bff_core.observability import Metrics
from bff_core.testing import FakeClock
from services.gateway.implementations.rate_limiter import (
    MemoryRateLimiter,
    Rate,
    RateLimiter,
    RedisRateLimiter,
)
from services.gateway.route_table import RateLimit

FALLBACKS = Metrics("test").make.counter("fallbacks_total", "Fallbacks.")
RATES = {limit: Rate(5) for limit in RateLimit}


async def admitted(limiter: RateLimiter, subject: str, times: int) -> int:
    """The number of concurrent requests that are admitted."""

    async def once() -> bool:
        try:
            await limiter.acquire(RateLimit.USER, subject)
        except RateLimited:
            return False
        return True

    async with fan_out() as tasks:
        taken = [tasks.create_task(once()) for _ in range(times)]
    return sum(task.result() for task in taken)


async def test_concurrent_requests_never_exceed_the_limit() -> None:
    limiter = MemoryRateLimiter(RATES, FakeClock())

    assert await admitted(limiter, "anna", 50) == 5
    assert await admitted(limiter, "erik", 50) == 5


async def test_tokens_refill_one_by_one() -> None:
    clock = FakeClock()
    limiter = MemoryRateLimiter(RATES, clock)
    await admitted(limiter, "anna", 5)

    clock.advance(11.9)
    assert await admitted(limiter, "anna", 3) == 0
    clock.advance(0.2)
    assert await admitted(limiter, "anna", 3) == 1
    clock.advance(3600)
    assert await admitted(limiter, "anna", 50) == 5


async def test_a_refusal_says_when_to_come_back_and_costs_nothing() -> None:
    clock = FakeClock()
    limiter = MemoryRateLimiter(RATES, clock)
    await admitted(limiter, "anna", 50)

    with pytest.raises(RateLimited) as refusal:
        await limiter.acquire(RateLimit.USER, "anna")

    assert refusal.value.retry_after == 12
    clock.advance(12)
    await limiter.acquire(RateLimit.USER, "anna")


async def test_limits_do_not_share() -> None:
    limiter = MemoryRateLimiter(RATES, FakeClock())
    await admitted(limiter, "anna", 5)

    await limiter.acquire(RateLimit.SIGN_IN, "anna")


async def test_memory_is_bounded_and_drops_the_least_recently_used() -> None:
    limiter = MemoryRateLimiter(RATES, FakeClock(), max_keys=3)
    for subject in ("a", "b", "c", "d"):
        await admitted(limiter, subject, 5)

    assert await admitted(limiter, "d", 1) == 0
    assert await admitted(limiter, "a", 1) == 1


class SilentRedis(Redis):
    """A Redis that refuses every connection, and counts the calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    async def evalsha(self, *_: object) -> object:
        self.calls += 1
        raise ConnectionRefusedError


async def test_a_redis_that_is_away_is_left_alone_for_a_while() -> None:
    clock, redis = FakeClock(), SilentRedis()
    memory = MemoryRateLimiter(RATES, clock)
    limiter = RedisRateLimiter(redis, RATES, memory, clock, FALLBACKS, timeout=0.5)

    assert await admitted(limiter, "anna", 1) == 1
    assert await admitted(limiter, "anna", 50) == 4
    assert redis.calls == 1
    clock.advance(1.1)
    await admitted(limiter, "erik", 1)
    assert redis.calls == 2


async def test_cancelling_a_request_that_waits_is_not_taken_for_an_outage() -> None:
    class Hanging(SilentRedis):
        async def evalsha(self, *_: object) -> object:
            self.calls += 1
            await asyncio.Event().wait()
            return 0

    clock, redis = FakeClock(), Hanging()
    memory = MemoryRateLimiter(RATES, clock)
    limiter = RedisRateLimiter(redis, RATES, memory, clock, FALLBACKS, timeout=0.5)
    async with fan_out() as tasks:
        waiting = tasks.create_task(limiter.acquire(RateLimit.USER, "anna"))
        await asyncio.sleep(0)
        waiting.cancel()

    assert waiting.cancelled()
