"""An allowance is used up exactly, and grows back evenly; the same in memory and in Redis."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from bff_core.composition import fan_out
from bff_core.errors import RateLimited
from bff_core.testing import FakeClock
from services.gateway.implementations.allowances import MemoryAllowances, Rate
from services.gateway.implementations.shared_allowances import SharedAllowances, count_of_misses
from services.gateway.protocols import Allowances, Limit

RATES = {limit: Rate(5) for limit in Limit}


async def admitted(allowances: Allowances, subject: str, times: int) -> int:
    """How many of so many concurrent requests are let in."""

    async def once() -> bool:
        try:
            await allowances.take(Limit.USER, subject)
        except RateLimited:
            return False
        return True

    async with fan_out() as tasks:
        taken = [tasks.create_task(once()) for _ in range(times)]
    return sum(task.result() for task in taken)


async def test_concurrent_requests_get_exactly_what_there_is() -> None:
    allowances = MemoryAllowances(RATES, FakeClock())

    assert await admitted(allowances, "anna", 50) == 5
    assert await admitted(allowances, "erik", 50) == 5


async def test_it_grows_back_one_by_one() -> None:
    clock = FakeClock()
    allowances = MemoryAllowances(RATES, clock)
    await admitted(allowances, "anna", 5)

    clock.advance(11.9)
    assert await admitted(allowances, "anna", 3) == 0
    clock.advance(0.2)
    assert await admitted(allowances, "anna", 3) == 1
    clock.advance(3600)
    assert await admitted(allowances, "anna", 50) == 5


async def test_a_refusal_says_when_to_come_back_and_costs_nothing() -> None:
    clock = FakeClock()
    allowances = MemoryAllowances(RATES, clock)
    await admitted(allowances, "anna", 50)

    with pytest.raises(RateLimited) as refusal:
        await allowances.take(Limit.USER, "anna")

    assert refusal.value.retry_after == 12
    clock.advance(12)
    await allowances.take(Limit.USER, "anna")


async def test_limits_do_not_share() -> None:
    allowances = MemoryAllowances(RATES, FakeClock())
    await admitted(allowances, "anna", 5)

    await allowances.take(Limit.SIGN_IN, "anna")


async def test_memory_is_bounded_and_forgets_the_quietest() -> None:
    allowances = MemoryAllowances(RATES, FakeClock(), remembers=3)
    for subject in ("a", "b", "c", "d"):
        await admitted(allowances, subject, 5)

    assert await admitted(allowances, "d", 1) == 0
    assert await admitted(allowances, "a", 1) == 1


class SilentRedis(Redis):
    """A Redis that refuses every connection; counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def evalsha(self, *_: object) -> object:  # type: ignore[override]  # every call fails
        self.asked += 1
        raise ConnectionRefusedError


async def test_a_redis_that_is_away_is_left_alone_for_a_while() -> None:
    clock, redis = FakeClock(), SilentRedis()
    own = MemoryAllowances(RATES, clock)
    allowances = SharedAllowances(
        redis, RATES, own, clock, count_of_misses(CollectorRegistry()), seconds=0.5
    )

    assert await admitted(allowances, "anna", 1) == 1
    assert await admitted(allowances, "anna", 50) == 4
    assert redis.asked == 1
    clock.advance(1.1)
    await admitted(allowances, "erik", 1)
    assert redis.asked == 2


async def test_cancelling_a_request_that_waits_is_not_taken_for_an_outage() -> None:
    class Hanging(SilentRedis):
        async def evalsha(self, *_: object) -> object:  # type: ignore[override]  # it never ends
            self.asked += 1
            await asyncio.Event().wait()
            return 0

    clock, redis = FakeClock(), Hanging()
    own = MemoryAllowances(RATES, clock)
    allowances = SharedAllowances(
        redis, RATES, own, clock, count_of_misses(CollectorRegistry()), seconds=0.5
    )
    async with fan_out() as tasks:
        waiting = tasks.create_task(allowances.take(Limit.USER, "anna"))
        await asyncio.sleep(0)
        waiting.cancel()

    assert waiting.cancelled()
