"""Equal calls share one call, which belongs to none of its callers."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from bff_core.client.call import DownstreamResponse
from bff_core.client.policies.single_flight import SingleFlight
from bff_core.errors import Unavailable
from bff_core.testing.clock import FakeClock
from tests.pipeline_kit import RecordingObserver, Run, ScriptedService, a_call, a_response
from tests.unit.bff_core.client.single_flight_scenes import Outcome, begin, results, shared_by


def test_500_equal_reads_make_one_call(clock: FakeClock, run: Run) -> None:
    outcomes, service = shared_by(clock, run, 0.1, calls=500)

    assert len(service.calls) == 1
    assert {each.value for each in outcomes} == {"good"}


def test_those_who_join_are_told(clock: FakeClock, run: Run, observer: RecordingObserver) -> None:
    async def scene() -> None:
        send = SingleFlight(clock, observer=observer)(ScriptedService(0.1))
        await results(begin(send, *(a_call(clock) for _ in range(3))))

    run(scene())

    assert observer.events == [("coalesced",)] * 2


@pytest.mark.parametrize(
    "other",
    [
        {"identity": "teacher-2"},
        {"url": "http://results.test/other"},
        {"method": "HEAD"},
        {"operation": "list_differently"},
        {"service": "classes"},
    ],
)
def test_different_questions_are_not_shared(
    clock: FakeClock, run: Run, other: dict[str, Any]
) -> None:
    service = ScriptedService(0.1)

    async def scene() -> None:
        send = SingleFlight(clock)(service)
        await results(begin(send, a_call(clock), a_call(clock, **other)))

    run(scene())

    assert len(service.calls) == 2


def test_writes_are_never_shared(clock: FakeClock, run: Run) -> None:
    service = ScriptedService(0.1)
    write = a_call(clock, method="POST")

    async def scene() -> None:
        await results(begin(SingleFlight(clock)(service), write, write, write))

    run(scene())

    assert service.calls == [write] * 3


def test_an_answer_is_not_kept(clock: FakeClock, run: Run) -> None:
    service = ScriptedService()

    async def scene() -> None:
        send = SingleFlight(clock)(service)
        await send(a_call(clock))
        await send(a_call(clock))

    run(scene())

    assert len(service.calls) == 2


def test_followers_survive_the_leader(clock: FakeClock, run: Run) -> None:
    service = ScriptedService(0.5)

    async def scene() -> list[Outcome]:
        leader, *followers = begin(SingleFlight(clock)(service), *(a_call(clock) for _ in range(3)))
        await asyncio.sleep(0.1)
        leader.cancel()
        return await results(followers)

    outcomes = run(scene())

    assert all(isinstance(each, DownstreamResponse) for each in outcomes)
    assert len(service.calls) == 1


def test_a_call_nobody_waits_for_is_cancelled(clock: FakeClock, run: Run) -> None:
    service = ScriptedService(1.0)

    async def scene() -> None:
        flights = SingleFlight(clock)
        tasks = begin(flights(service), *(a_call(clock) for _ in range(3)))
        await asyncio.sleep(0.1)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await asyncio.sleep(0)
        assert service.busy == 0
        await asyncio.sleep(0)
        assert flights.in_flight == 0

    run(scene())


def test_an_abandoned_call_is_not_joined(clock: FakeClock, run: Run) -> None:
    service = ScriptedService(1.0, a_response("second"))

    async def scene() -> DownstreamResponse:
        send = SingleFlight(clock)(service)
        [first] = begin(send, a_call(clock))
        await asyncio.sleep(0.1)
        first.cancel()
        await asyncio.wait([first])
        return await send(a_call(clock))

    assert run(scene()).value == "second"


@pytest.mark.parametrize(
    ("forgotten", "calls"),
    [
        (("results", "teacher-1"), 2),
        (("results", "teacher-1", "list_batches"), 2),
        (("results", "teacher-1", "other"), 1),
        (("results", "teacher-2"), 1),
        (("classes", "teacher-1"), 1),
    ],
)
def test_after_a_write_nobody_joins_a_read_from_before_it(
    clock: FakeClock, run: Run, forgotten: tuple[str, ...], calls: int
) -> None:
    service = ScriptedService(0.2)

    async def scene() -> list[Outcome]:
        flights = SingleFlight(clock)
        before = begin(flights(service), a_call(clock))
        await asyncio.sleep(0.1)
        flights.invalidate(*forgotten)
        after = begin(flights(service), a_call(clock))
        return await results([*before, *after])

    outcomes = run(scene())

    assert all(isinstance(each, DownstreamResponse) for each in outcomes)
    assert len(service.calls) == calls


def test_the_end_of_a_forgotten_call_leaves_its_successor_shared(
    clock: FakeClock, run: Run
) -> None:
    service = ScriptedService(0.2)

    async def scene() -> None:
        flights = SingleFlight(clock)
        tasks = begin(flights(service), a_call(clock))
        await asyncio.sleep(0.1)
        flights.invalidate("results", "teacher-1")
        tasks += begin(flights(service), a_call(clock))
        await asyncio.sleep(0.15)
        tasks += begin(flights(service), a_call(clock))
        await results(tasks)

    run(scene())

    assert len(service.calls) == 2


def test_closing_ends_what_is_under_way_and_waits_for_it(clock: FakeClock, run: Run) -> None:
    service = ScriptedService(1.0)

    async def scene() -> list[Outcome]:
        flights = SingleFlight(clock)
        tasks = begin(flights(service), a_call(clock), a_call(clock))
        await asyncio.sleep(0.1)
        await flights.aclose()
        assert (service.busy, flights.in_flight) == (0, 0)
        return await results([*tasks, *begin(flights(service), a_call(clock))])

    outcomes = run(scene())

    assert [type(each) for each in outcomes] == [Unavailable] * 3
    assert len(service.calls) == 1


def test_closing_before_a_call_has_begun_keeps_nobody_waiting(clock: FakeClock, run: Run) -> None:
    service = ScriptedService(1.0)

    async def scene() -> tuple[list[Outcome], float]:
        flights, loop = SingleFlight(clock), asyncio.get_running_loop()
        tasks, began = begin(flights(service), a_call(clock), a_call(clock)), loop.time()
        await asyncio.sleep(0)
        await flights.aclose()
        return await results(tasks), loop.time() - began

    outcomes, waited = run(scene())

    assert [type(each) for each in outcomes] == [Unavailable] * 2
    assert (service.calls, waited) == ([], 0.0)


def test_closing_with_nothing_under_way_is_fine(clock: FakeClock, run: Run) -> None:
    run(SingleFlight(clock).aclose())


def test_the_caller_s_headers_go_along(clock: FakeClock, run: Run) -> None:
    service = ScriptedService()
    call = replace(a_call(clock), headers={"Authorization": "Bearer x"})

    run(SingleFlight(clock)(service)(call))

    assert service.calls[0].headers == {"Authorization": "Bearer x"}
