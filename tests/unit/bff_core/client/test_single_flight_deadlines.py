"""A shared call and its callers: each has a deadline of its own."""

import asyncio

import pytest

from bff_core.client.call import Call, DownstreamResponse
from bff_core.client.policies.single_flight import SingleFlight
from bff_core.errors import DownstreamTimeout
from bff_core.testing.clock import FakeClock
from tests.pipeline_kit import Run, ScriptedService, a_call
from tests.unit.bff_core.client.single_flight_scenes import Outcome, begin, results


def test_the_shared_call_has_a_budget_of_its_own(clock: FakeClock, run: Run) -> None:
    service = ScriptedService()
    flights = SingleFlight(clock, budget=1.25)

    run(flights(service)(a_call(clock, seconds=60.0)))

    assert service.calls[0].deadline.at == clock.monotonic() + 1.25


def test_everyone_keeps_their_own_deadline(clock: FakeClock, run: Run) -> None:
    service = ScriptedService(1.0)
    began = clock.monotonic()

    async def scene() -> list[Outcome]:
        send = SingleFlight(clock)(service)
        hasty, patient = begin(send, a_call(clock, seconds=0.3), a_call(clock, seconds=1.5))
        await asyncio.wait([hasty])
        assert clock.monotonic() - began == pytest.approx(0.3)
        return await results([hasty, patient])

    hasty, patient = run(scene())

    assert isinstance(hasty, DownstreamTimeout)
    assert (hasty.service, hasty.reason) == ("results", "no_time_to_wait")
    assert isinstance(patient, DownstreamResponse)


def test_a_call_whose_last_waiter_runs_out_of_time_is_cancelled(clock: FakeClock, run: Run) -> None:
    service = ScriptedService(1.5)

    async def scene() -> None:
        with pytest.raises(DownstreamTimeout):
            await SingleFlight(clock)(service)(a_call(clock, seconds=0.3))
        await asyncio.sleep(0)
        assert service.busy == 0

    run(scene())


@pytest.mark.parametrize(("seconds", "ending"), [(1.949, "cancelled"), (1.951, "timed out")])
def test_a_call_about_to_time_out_may_so_that_the_breaker_learns(
    clock: FakeClock, run: Run, seconds: float, ending: str
) -> None:
    endings: list[str] = []

    async def attempt(call: Call) -> DownstreamResponse:
        try:
            await asyncio.sleep(call.deadline.left())
        except asyncio.CancelledError:
            endings.append("cancelled")
            raise
        endings.append("timed out")
        raise DownstreamTimeout("results")

    async def scene() -> None:
        with pytest.raises(DownstreamTimeout):
            await SingleFlight(clock)(attempt)(a_call(clock, seconds=seconds))
        await asyncio.sleep(0.1)

    run(scene())

    assert endings == [ending]


def test_a_call_that_ignores_its_deadline_is_ended(clock: FakeClock, run: Run) -> None:
    service = ScriptedService(1000.0)
    began = clock.monotonic()

    with pytest.raises(DownstreamTimeout) as caught:
        run(SingleFlight(clock)(service)(a_call(clock, seconds=60.0)))

    assert caught.value.reason == "shared_call_overran"
    assert caught.value.service == "results"
    assert clock.monotonic() - began == pytest.approx(2.05)


def test_a_call_that_ignores_its_deadline_is_ended_when_nobody_waits(
    clock: FakeClock, run: Run
) -> None:
    service = ScriptedService(1000.0)

    async def scene() -> tuple[int, int]:
        flights = SingleFlight(clock)
        with pytest.raises(DownstreamTimeout):
            await flights(service)(a_call(clock, seconds=1.96))
        left = service.busy
        await asyncio.sleep(0.1)
        return left, service.busy

    assert run(scene()) == (1, 0)


def test_all_who_wait_for_a_call_that_ignores_its_deadline_are_told(
    clock: FakeClock, run: Run
) -> None:
    service = ScriptedService(1000.0)

    async def scene() -> tuple[list[Outcome], int]:
        send = SingleFlight(clock)(service)
        outcomes = await results(begin(send, *(a_call(clock, seconds=60.0) for _ in range(3))))
        await asyncio.sleep(0)
        return outcomes, service.busy

    outcomes, busy = run(scene())

    assert [getattr(each, "reason", None) for each in outcomes] == ["shared_call_overran"] * 3
    assert busy == 0
