"""A write and an open breaker: one probe at once, and a health check that ends a long rest."""

import asyncio

import pytest
from msgspec.structs import replace

from bff_core.client.call import Call, DownstreamResponse
from bff_core.client.policies.breaker import Breaker, HealthProbe
from bff_core.client.policies.outcome import Outcome
from bff_core.composition import fan_out
from bff_core.errors import CircuitOpen, DownstreamUnreachable
from bff_core.testing.clock import FakeClock
from tests.pipeline_kit import Run, ScriptedService, a_call
from tests.unit.bff_core.client.breaker_scenes import (
    CLOSED,
    HALF_OPEN,
    OPEN,
    make,
    open_up,
    settle,
)


def a_write(clock: FakeClock) -> Call:
    return replace(a_call(clock, method="POST"), for_write=True)


def reopen(breaker: Breaker, clock: FakeClock, times: int) -> None:
    """Let the breaker open for longer and longer."""
    open_up(breaker, clock)
    for _ in range(times):
        clock.advance(120.0)
        settle(breaker, clock, Outcome.FAILURE)


def test_a_write_need_not_wait_for_the_end_of_a_long_rest(clock: FakeClock, run: Run) -> None:
    breaker = make(clock)
    reopen(breaker, clock, 4)
    clock.advance(1.0)

    answer = run(breaker(ScriptedService())(a_write(clock)))

    assert answer.value == "good"
    assert breaker.state is HALF_OPEN


def test_a_read_waits(clock: FakeClock, run: Run) -> None:
    breaker = make(clock)
    reopen(breaker, clock, 4)

    with pytest.raises(CircuitOpen):
        run(breaker(ScriptedService())(a_call(clock)))


def test_writes_to_a_dead_service_are_few(clock: FakeClock, run: Run) -> None:
    breaker = make(clock)
    reopen(breaker, clock, 4)
    service = ScriptedService(DownstreamUnreachable("results"))
    send = breaker(service)

    async def minute() -> None:
        for _ in range(60):
            clock.advance(1.0)
            with pytest.raises((CircuitOpen, DownstreamUnreachable)):
                await send(a_write(clock))

    run(minute())

    assert 10 <= len(service.calls) <= 13


def test_a_failed_probe_of_a_write_lengthens_no_rest(clock: FakeClock, run: Run) -> None:
    breaker = make(clock)
    open_up(breaker, clock)
    send = breaker(ScriptedService(DownstreamUnreachable("results")))

    with pytest.raises(DownstreamUnreachable):
        run(send(a_write(clock)))
    clock.advance(5.0)
    breaker.acquire(a_call(clock))

    assert breaker.state is HALF_OPEN


def test_the_reads_of_a_write_wait_for_the_probes_and_pass(clock: FakeClock, run: Run) -> None:
    breaker = make(clock)
    reopen(breaker, clock, 4)
    send = breaker(ScriptedService(0.2))

    async def ask(read: Call) -> DownstreamResponse:
        return await send(read)

    async def confirm() -> list[str]:
        reads = [replace(a_call(clock, url=f"/{number}"), for_write=True) for number in range(12)]
        async with fan_out() as group:
            answers = [group.create_task(ask(read)) for read in reads]
        return [answer.result().value for answer in answers]

    assert run(confirm()) == ["good"] * 12
    assert breaker.state is CLOSED


def test_they_wait_no_longer_than_their_deadline(clock: FakeClock, run: Run) -> None:
    breaker = make(clock)
    reopen(breaker, clock, 4)
    send = breaker(ScriptedService(60.0))

    async def write() -> None:
        await send(a_write(clock))

    async def confirm() -> None:
        for _ in range(3):
            asyncio.get_running_loop().create_task(write())
        await asyncio.sleep(0)
        await send(replace(a_write(clock)))

    with pytest.raises(CircuitOpen):
        run(confirm())


class HealthCheck:
    def __init__(self) -> None:
        self.asked = 0
        self.healthy = True

    async def __call__(self) -> None:
        self.asked += 1
        if not self.healthy:
            raise DownstreamUnreachable("results")


@pytest.mark.parametrize(("healthy", "state"), [(True, HALF_OPEN), (False, OPEN)])
def test_a_service_whose_health_check_is_well_rests_for_15_seconds(
    clock: FakeClock, run: Run, *, healthy: bool, state: object
) -> None:
    check = HealthCheck()
    check.healthy = healthy
    breaker = Breaker("results", clock, jitter=lambda: 0.5, health=HealthProbe(check, clock))
    reopen(breaker, clock, 4)

    async def traffic() -> None:
        for _ in range(17):
            await asyncio.sleep(1.0)
            try:
                breaker.acquire(a_call(clock))
            except CircuitOpen:
                continue

    run(traffic())

    assert breaker.state is state
    assert check.asked == 1


def test_nobody_asks_for_its_health_before(clock: FakeClock, run: Run) -> None:
    check = HealthCheck()
    breaker = Breaker("results", clock, jitter=lambda: 0.5, health=HealthProbe(check, clock))
    reopen(breaker, clock, 4)

    async def traffic() -> None:
        for _ in range(14):
            await asyncio.sleep(1.0)
            with pytest.raises(CircuitOpen):
                breaker.acquire(a_call(clock))

    run(traffic())

    assert check.asked == 0
