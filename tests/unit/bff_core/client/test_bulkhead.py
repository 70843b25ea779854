"""The bulkhead bounds calls in flight and loses no slot."""

import asyncio

import pytest

from bff_core.client.call import Call, DownstreamResponse, Send
from bff_core.client.policies.bulkhead import Bulkhead
from bff_core.errors import (
    CallerSaturated,
    DownstreamFailed,
    DownstreamSaturated,
    DownstreamTimeout,
)
from bff_core.testing.clock import FakeClock, Run
from tests.pipeline_kit import RecordingObserver, ScriptedService, a_call

Outcome = DownstreamResponse | BaseException


async def all_of(send: Send, calls: list[Call]) -> list[Outcome]:
    tasks = [asyncio.create_task(outcome(send, call)) for call in calls]
    await asyncio.wait(tasks)
    return [task.result() for task in tasks]


async def outcome(send: Send, call: Call) -> Outcome:
    try:
        return await send(call)
    except Exception as error:  # noqa: BLE001 - whatever came out is the outcome.
        return error


def good(outcomes: list[Outcome]) -> int:
    return sum(isinstance(each, DownstreamResponse) for each in outcomes)


def make(observer: RecordingObserver | None = None, *, queue: int = 100) -> Bulkhead:
    return Bulkhead(
        "results", max_in_flight=3, max_waiting=queue, observer=observer or RecordingObserver()
    )


def test_no_more_than_its_slots_are_in_flight(clock: FakeClock, run: Run) -> None:
    service = ScriptedService(0.01)

    outcomes = run(all_of(make()(service), [a_call(clock) for _ in range(12)]))

    assert good(outcomes) == 12
    assert service.busiest == 3


def test_a_short_wait_then_saturated(
    clock: FakeClock, run: Run, observer: RecordingObserver
) -> None:
    began = clock.monotonic()
    service = ScriptedService(1.0)
    bulkhead = make(observer)
    when: list[float] = []

    async def late(call: Call) -> DownstreamResponse:
        try:
            return await bulkhead(service)(call)
        except DownstreamSaturated:
            when.append(clock.monotonic() - began)
            raise

    outcomes = run(all_of(late, [a_call(clock) for _ in range(5)]))

    assert [type(each) for each in outcomes[3:]] == [DownstreamSaturated] * 2
    assert when == pytest.approx([0.05, 0.05])
    assert observer.events == [("refused", "bulkhead")] * 2
    assert len(service.calls) == 3


def test_a_full_queue_refuses_at_once(clock: FakeClock, run: Run) -> None:
    bulkhead = make(queue=2)

    async def scene() -> Outcome:
        tasks = [
            asyncio.create_task(outcome(bulkhead(ScriptedService(1.0)), a_call(clock)))
            for _ in range(5)
        ]
        await asyncio.sleep(0)
        began = clock.monotonic()
        refused = await outcome(bulkhead(ScriptedService()), a_call(clock))
        assert clock.monotonic() == began
        await asyncio.wait(tasks)
        return refused

    refused = run(scene())

    assert isinstance(refused, DownstreamSaturated)
    assert refused.retry_after is not None


def test_slots_are_handed_on_in_the_order_of_asking(clock: FakeClock, run: Run) -> None:
    service = ScriptedService(0.01)

    run(all_of(make()(service), [a_call(clock, url=f"/{number}") for number in range(9)]))

    assert [call.url for call in service.calls] == [f"/{number}" for number in range(9)]


def test_a_wait_ends_when_the_deadline_no_longer_fits_an_attempt(
    clock: FakeClock, run: Run, observer: RecordingObserver
) -> None:
    bulkhead = make(observer)
    service = ScriptedService(1.0)
    hasty = a_call(clock, seconds=0.07)

    outcomes = run(all_of(bulkhead(service), [*(a_call(clock) for _ in range(3)), hasty]))

    assert isinstance(outcomes[3], DownstreamTimeout)
    assert observer.events == [("refused", "deadline")]
    assert len(service.calls) == 3


@pytest.mark.parametrize("failure", [DownstreamFailed("results"), ValueError("a bug")])
def test_a_failing_call_gives_its_slot_back(clock: FakeClock, run: Run, failure: Exception) -> None:
    bulkhead = make()

    run(all_of(bulkhead(ScriptedService(failure)), [a_call(clock) for _ in range(20)]))

    assert bulkhead.slots.in_use == 0


def test_cancelled_calls_give_their_slots_back(clock: FakeClock, run: Run) -> None:
    bulkhead = make()

    async def hang_up() -> None:
        tasks = [
            asyncio.ensure_future(bulkhead(ScriptedService(9.0))(a_call(clock))) for _ in range(8)
        ]
        await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    run(hang_up())

    assert (bulkhead.slots.in_use, bulkhead.slots.waiting) == (0, 0)


def test_a_slot_handed_to_a_call_that_hangs_up_is_passed_on(clock: FakeClock, run: Run) -> None:
    bulkhead = make()
    held = asyncio.Event()
    waiting: list[asyncio.Task[DownstreamResponse]] = []

    async def hold(call: Call) -> DownstreamResponse:
        await held.wait()
        return await ScriptedService()(call)

    async def scene() -> None:
        last = asyncio.create_task(hold_then_cancel())
        await asyncio.sleep(0)
        holders = [asyncio.ensure_future(bulkhead(hold)(a_call(clock))) for _ in range(2)]
        await asyncio.sleep(0)
        waiting.append(asyncio.ensure_future(bulkhead(ScriptedService())(a_call(clock))))
        await asyncio.sleep(0)
        held.set()
        await asyncio.wait([*holders, last, *waiting])

    async def hold_then_cancel() -> None:
        await bulkhead(hold)(a_call(clock))
        # Without a pause in between: the slot is handed over and not yet taken.
        waiting[0].cancel()

    run(scene())

    assert waiting[0].cancelled()
    assert (bulkhead.slots.in_use, bulkhead.slots.waiting) == (0, 0)


@pytest.mark.parametrize("hold", [0.05, 0.049999, 0.050001])
def test_a_slot_that_comes_as_the_wait_ends_is_not_lost(
    clock: FakeClock, run: Run, hold: float
) -> None:
    bulkhead = make()
    service = ScriptedService(hold)

    outcomes = run(all_of(bulkhead(service), [a_call(clock) for _ in range(6)]))

    assert (bulkhead.slots.in_use, bulkhead.slots.waiting) == (0, 0)
    assert good(outcomes) + sum(isinstance(each, DownstreamSaturated) for each in outcomes) == 6


def share_of(count: int, observer: RecordingObserver | None = None) -> Bulkhead:
    return Bulkhead(
        "results",
        max_in_flight=4 * count,
        max_waiting=4 * count,
        per_caller=count,
        observer=observer or RecordingObserver(),
    )


def test_one_user_with_600_slow_calls_leaves_room_for_24_others(
    clock: FakeClock, run: Run, observer: RecordingObserver
) -> None:
    service = ScriptedService(0.4)
    greedy = [a_call(clock, caller="greedy", url=f"/{number}") for number in range(600)]
    others = [a_call(clock, caller=f"teacher-{number}") for number in range(24)]

    outcomes = run(all_of(share_of(16, observer)(service), greedy + others))

    refused = [one for one in outcomes[:600] if isinstance(one, CallerSaturated)]
    assert (good(outcomes[:600]), len(refused), good(outcomes[600:])) == (16, 584, 24)
    assert {one.status for one in refused} == {429}
    assert {one.retry_after for one in refused} == {1.0}
    assert observer.events == [("refused", "share")] * 584


def test_a_full_bulkhead_is_no_fault_of_a_caller_within_its_share(
    clock: FakeClock, run: Run
) -> None:
    others = [a_call(clock, caller=f"teacher-{number}") for number in range(8)]
    late = a_call(clock, caller="late")

    outcomes = run(all_of(share_of(2)(ScriptedService(1.0)), [*others, late]))

    assert type(outcomes[-1]) is DownstreamSaturated


def test_calls_for_all_users_know_no_share(clock: FakeClock, run: Run) -> None:
    outcomes = run(all_of(share_of(2)(ScriptedService(0.01)), [a_call(clock) for _ in range(16)]))

    assert good(outcomes) == 16
