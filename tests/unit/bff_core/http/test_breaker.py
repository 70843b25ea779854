"""The breaker's promises, each on a clock that stands still."""

import asyncio
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from bff_core.composition import fan_out
from bff_core.errors import (
    CircuitOpen,
    DownstreamError,
    DownstreamFailed,
    DownstreamRefused,
    DownstreamSaturated,
    DownstreamTimeout,
    DownstreamUnreachable,
)
from bff_core.http._breaker import Breaker, BreakerOptions
from bff_core.http._call import Answer, Call
from bff_core.http._observer import BreakerState, NullObserver, Refuser
from bff_core.http._verdict import Verdict
from bff_core.testing.calls import ScriptedService, a_call, an_answer
from bff_core.testing.clock import FakeClock
from bff_core.testing.diary import Diary
from bff_core.testing.virtual_time import Run

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


def make(clock: FakeClock, *, jitter: float = 0.5, **options: Any) -> Breaker:
    return Breaker("results", clock, BreakerOptions(**options), jitter=lambda: jitter)


def settle(breaker: Breaker, clock: FakeClock, verdict: Verdict, times: int = 1) -> None:
    for _ in range(times):
        breaker.settle(breaker.admit(a_call(clock)), verdict)


def open_up(breaker: Breaker, clock: FakeClock) -> None:
    settle(breaker, clock, Verdict.FAILURE, 20)


def half_open(breaker: Breaker, clock: FakeClock) -> None:
    open_up(breaker, clock)
    clock.advance(5.0)


def refusal(breaker: Breaker, clock: FakeClock) -> CircuitOpen:
    with pytest.raises(CircuitOpen) as caught:
        breaker.admit(a_call(clock))
    return caught.value


def test_too_few_calls_never_open(clock: FakeClock) -> None:
    breaker = make(clock)

    settle(breaker, clock, Verdict.FAILURE, 19)

    assert breaker.state is CLOSED


def test_half_of_enough_calls_failing_opens(clock: FakeClock) -> None:
    breaker = make(clock)
    settle(breaker, clock, Verdict.SUCCESS, 10)
    settle(breaker, clock, Verdict.FAILURE, 9)
    assert breaker.state is CLOSED

    settle(breaker, clock, Verdict.FAILURE)

    assert breaker.state is OPEN


def test_just_under_half_stays_closed(clock: FakeClock) -> None:
    breaker = make(clock)

    settle(breaker, clock, Verdict.SUCCESS, 101)
    settle(breaker, clock, Verdict.FAILURE, 100)

    assert breaker.state is CLOSED


def test_the_call_that_makes_it_enough_may_be_a_success(clock: FakeClock) -> None:
    breaker = make(clock)
    settle(breaker, clock, Verdict.FAILURE, 19)

    settle(breaker, clock, Verdict.SUCCESS)

    assert breaker.state is OPEN


@pytest.mark.parametrize(("seconds", "state"), [(29.9, OPEN), (30.1, CLOSED)])
def test_failures_count_for_the_length_of_the_window(
    clock: FakeClock, seconds: float, state: BreakerState
) -> None:
    breaker = make(clock)
    clock.advance(2.0)  # 1002 s begins a bucket.
    settle(breaker, clock, Verdict.FAILURE, 19)

    clock.advance(seconds)
    settle(breaker, clock, Verdict.FAILURE)

    assert breaker.state is state


def test_buckets_are_forgotten_one_by_one(clock: FakeClock) -> None:
    breaker = make(clock)
    for _ in range(9):
        settle(breaker, clock, Verdict.FAILURE, 2)
        clock.advance(3.0)
    clock.advance(3.0)

    settle(breaker, clock, Verdict.FAILURE, 3)
    assert breaker.state is CLOSED

    settle(breaker, clock, Verdict.FAILURE)
    assert breaker.state is OPEN


def slow_call(breaker: Breaker, clock: FakeClock, seconds: float, **settling: bool) -> None:
    permit = breaker.admit(a_call(clock))
    clock.advance(seconds)
    breaker.settle(permit, Verdict.SUCCESS, **settling)


@pytest.mark.parametrize(("slow", "state"), [(15, CLOSED), (16, OPEN)])
def test_four_fifths_slow_opens(clock: FakeClock, slow: int, state: BreakerState) -> None:
    breaker = make(clock)
    for _ in range(slow):
        slow_call(breaker, clock, 1.001)

    settle(breaker, clock, Verdict.SUCCESS, 20 - slow)

    assert breaker.state is state


def test_exactly_half_of_the_budget_is_not_slow(clock: FakeClock) -> None:
    breaker = make(clock)

    for _ in range(25):
        slow_call(breaker, clock, 1.0)

    assert breaker.state is CLOSED


def test_open_refuses_at_once_and_says_when_to_return(clock: FakeClock) -> None:
    breaker = make(clock)
    open_up(breaker, clock)
    clock.advance(1.5)

    refused = refusal(breaker, clock)

    assert refused.service == "results"
    assert refused.retry_after == pytest.approx(3.5)


def test_every_refusal_is_a_fresh_exception(clock: FakeClock) -> None:
    breaker = make(clock)
    open_up(breaker, clock)

    assert refusal(breaker, clock) is not refusal(breaker, clock)


def test_refusals_do_not_gather_memory(clock: FakeClock) -> None:
    breaker = make(clock)
    open_up(breaker, clock)
    call = a_call(clock)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()

    for _ in range(60_000):
        with suppress(CircuitOpen):
            breaker.admit(call)

    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 2**20


@pytest.mark.parametrize(("draw", "seconds"), [(0.0, 4.0), (0.5, 5.0), (1.0, 6.0)])
def test_open_time_varies_by_a_fifth(clock: FakeClock, draw: float, seconds: float) -> None:
    breaker = make(clock, jitter=draw)

    open_up(breaker, clock)

    assert refusal(breaker, clock).retry_after == pytest.approx(seconds)


def test_open_time_doubles_up_to_its_cap(clock: FakeClock) -> None:
    breaker = make(clock)
    open_up(breaker, clock)
    waits = []

    for _ in range(6):
        waits.append(refusal(breaker, clock).retry_after)
        clock.advance(waits[-1])
        settle(breaker, clock, Verdict.FAILURE)

    assert waits == pytest.approx([5, 10, 20, 40, 60, 60])


def test_closing_starts_the_open_time_afresh(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    settle(breaker, clock, Verdict.FAILURE)
    clock.advance(10)
    settle(breaker, clock, Verdict.SUCCESS, 3)

    open_up(breaker, clock)

    assert refusal(breaker, clock).retry_after == pytest.approx(5)


def test_days_of_outage_do_not_overflow(clock: FakeClock) -> None:
    breaker = make(clock)
    open_up(breaker, clock)

    for _ in range(2000):
        clock.advance(60)
        settle(breaker, clock, Verdict.FAILURE)

    assert refusal(breaker, clock).retry_after == pytest.approx(60)


def test_open_lasts_until_its_moment(clock: FakeClock) -> None:
    breaker = make(clock)
    open_up(breaker, clock)
    clock.advance(4.999)
    refusal(breaker, clock)

    clock.advance(0.001)
    breaker.admit(a_call(clock))

    assert breaker.state is HALF_OPEN


def test_half_open_admits_exactly_its_probes(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)

    for _ in range(3):
        breaker.admit(a_call(clock))

    refused = refusal(breaker, clock)
    assert refused.retry_after == pytest.approx(10.0)


def test_a_probe_that_passed_makes_no_room_for_a_fourth(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    settle(breaker, clock, Verdict.SUCCESS)
    breaker.admit(a_call(clock))
    breaker.admit(a_call(clock))

    refusal(breaker, clock)


def test_all_probes_passing_closes(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    settle(breaker, clock, Verdict.SUCCESS, 2)
    assert breaker.state is HALF_OPEN

    settle(breaker, clock, Verdict.SUCCESS)

    assert breaker.state is CLOSED


def test_one_failing_probe_opens_again(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    settle(breaker, clock, Verdict.SUCCESS, 2)

    settle(breaker, clock, Verdict.FAILURE)

    assert breaker.state is OPEN


def test_probes_that_drag_open_again(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)

    for _ in range(3):
        slow_call(breaker, clock, 1.5)

    assert breaker.state is OPEN


def test_one_slow_probe_of_three_is_forgiven(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    slow_call(breaker, clock, 1.5)

    settle(breaker, clock, Verdict.SUCCESS, 2)

    assert breaker.state is CLOSED


def test_probes_of_an_earlier_half_open_are_not_remembered(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    slow_call(breaker, clock, 1.5)
    settle(breaker, clock, Verdict.SUCCESS)
    settle(breaker, clock, Verdict.FAILURE)
    clock.advance(10)

    settle(breaker, clock, Verdict.SUCCESS, 2)

    assert breaker.state is HALF_OPEN


def test_closing_forgets_the_failures_that_opened_it(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    settle(breaker, clock, Verdict.SUCCESS, 3)

    settle(breaker, clock, Verdict.FAILURE, 19)

    assert breaker.state is CLOSED


def test_a_neutral_probe_gives_its_slot_back(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    settle(breaker, clock, Verdict.NEUTRAL, 50)

    settle(breaker, clock, Verdict.SUCCESS, 3)

    assert breaker.state is CLOSED


def test_a_neutral_end_counts_for_nothing_when_closed(clock: FakeClock) -> None:
    breaker = make(clock)
    settle(breaker, clock, Verdict.FAILURE, 19)

    settle(breaker, clock, Verdict.NEUTRAL, 100)

    assert breaker.state is CLOSED


def test_a_hung_probe_cannot_hold_its_slot(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    hung = [breaker.admit(a_call(clock)) for _ in range(3)]
    clock.advance(9.999)
    refusal(breaker, clock)
    clock.advance(0.001)

    settle(breaker, clock, Verdict.SUCCESS, 3)

    assert breaker.state is CLOSED
    breaker.settle(hung[0], Verdict.FAILURE)
    assert breaker.state is CLOSED


def test_a_probe_that_outlived_its_lease_says_nothing(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    late = breaker.admit(a_call(clock))
    clock.advance(10)

    breaker.settle(late, Verdict.FAILURE)

    assert breaker.state is HALF_OPEN


def test_a_permit_settles_once(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    probe = breaker.admit(a_call(clock))

    for _ in range(3):
        breaker.settle(probe, Verdict.SUCCESS)

    assert breaker.state is HALF_OPEN


def test_results_from_before_opening_change_nothing(clock: FakeClock) -> None:
    breaker = make(clock)
    old = [breaker.admit(a_call(clock)) for _ in range(30)]
    half_open(breaker, clock)
    breaker.admit(a_call(clock))

    for permit in old:
        breaker.settle(permit, Verdict.FAILURE)

    assert breaker.state is HALF_OPEN


def test_results_from_before_opening_do_not_count_after_closing(clock: FakeClock) -> None:
    breaker = make(clock)
    old = [breaker.admit(a_call(clock)) for _ in range(30)]
    half_open(breaker, clock)
    settle(breaker, clock, Verdict.SUCCESS, 3)

    for permit in old:
        breaker.settle(permit, Verdict.FAILURE)

    assert breaker.state is CLOSED


def test_changes_are_told_in_order(clock: FakeClock, diary: Diary) -> None:
    breaker = Breaker("results", clock, observer=diary, jitter=lambda: 0.5)

    half_open(breaker, clock)
    settle(breaker, clock, Verdict.SUCCESS, 3)

    assert diary.pages == [
        ("breaker", "results", "closed", "open"),
        ("breaker", "results", "open", "half_open"),
        ("breaker", "results", "half_open", "closed"),
    ]


def test_a_refusal_is_told(clock: FakeClock, diary: Diary) -> None:
    breaker = Breaker("results", clock, observer=diary)
    open_up(breaker, clock)

    refusal(breaker, clock)

    assert diary.pages[-1] == ("refused", "breaker")


class Saboteur(NullObserver):
    def breaker_changed(self, service: str, before: BreakerState, after: BreakerState) -> None:
        raise RuntimeError("listener")

    def refused(self, call: Call, by: Refuser) -> None:
        raise RuntimeError("listener")


def test_a_listener_that_raises_breaks_nothing(clock: FakeClock) -> None:
    breaker = Breaker("results", clock, observer=Saboteur(), jitter=lambda: 0.5)

    with capture_logs() as logs:
        half_open(breaker, clock)
        settle(breaker, clock, Verdict.SUCCESS, 3)

    assert breaker.state is CLOSED
    assert {line["event"] for line in logs} == {"observer_failed"}


class Nosy(NullObserver):
    """Asks for a permit in the middle of the news."""

    def __init__(self) -> None:
        self.breaker: Breaker | None = None
        self.clock = FakeClock()
        self.refusals = 0

    def breaker_changed(self, service: str, before: BreakerState, after: BreakerState) -> None:
        if after is OPEN:
            with pytest.raises(CircuitOpen):
                self.breaker.admit(a_call(self.clock))
            self.refusals += 1


def test_a_listener_may_call_back(clock: FakeClock) -> None:
    nosy = Nosy()
    breaker = nosy.breaker = Breaker("results", clock, observer=nosy)

    open_up(breaker, clock)

    assert nosy.refusals == 1


MakeError = Callable[[], BaseException]

FAILURES: list[MakeError] = [
    lambda: DownstreamFailed("results", upstream_status=503),
    lambda: DownstreamFailed("results", reason="decode"),
    lambda: DownstreamRefused("results", upstream_status=429, spoke_json=True),
    lambda: DownstreamTimeout("results"),
    lambda: DownstreamUnreachable("results"),
]
HARMLESS: list[MakeError] = [
    lambda: DownstreamRefused("results", upstream_status=404, spoke_json=True),
    lambda: DownstreamSaturated("results"),
    lambda: CircuitOpen("elsewhere"),
    asyncio.CancelledError,
    lambda: ValueError("a bug"),
]


def ask(breaker: Breaker, call: Call, service: ScriptedService, run: Run, times: int = 20) -> None:
    send = breaker(service)

    async def insist() -> None:
        for _ in range(times):
            with suppress(DownstreamError, asyncio.CancelledError, ValueError):
                await send(call)

    run(insist())


def raising(make_error: MakeError) -> Callable[[Call], Answer]:
    def act(_: Call) -> Answer:
        raise make_error()

    return act


@pytest.mark.parametrize("failure", FAILURES)
def test_failures_of_the_service_open(clock: FakeClock, run: Run, failure: MakeError) -> None:
    breaker = make(clock)

    ask(breaker, a_call(clock), ScriptedService(raising(failure)), run)

    assert breaker.state is OPEN


@pytest.mark.parametrize("harmless", HARMLESS)
def test_other_ends_leave_it_closed(clock: FakeClock, run: Run, harmless: MakeError) -> None:
    breaker = make(clock)

    ask(breaker, a_call(clock), ScriptedService(raising(harmless)), run, times=100)

    assert breaker.state is CLOSED


@pytest.mark.parametrize(
    ("harmless", "state"), list(zip(HARMLESS, [OPEN, *[CLOSED] * 4], strict=True))
)
def test_a_refused_question_is_a_call_and_a_neutral_end_is_none(
    clock: FakeClock, run: Run, harmless: MakeError, state: BreakerState
) -> None:
    breaker = make(clock)
    settle(breaker, clock, Verdict.FAILURE, 19)

    ask(breaker, a_call(clock), ScriptedService(raising(harmless)), run, times=1)

    assert breaker.state is state


def test_an_impatient_caller_is_not_held_against_the_service(clock: FakeClock, run: Run) -> None:
    breaker = make(clock)
    hasty = a_call(clock, seconds=0.249)

    ask(breaker, hasty, ScriptedService(raising(lambda: DownstreamTimeout("results"))), run, 100)

    assert breaker.state is CLOSED


def test_a_caller_with_fair_patience_is_heard(clock: FakeClock, run: Run) -> None:
    breaker = make(clock, fair=0.25)
    fair = a_call(clock, seconds=0.25)

    ask(breaker, fair, ScriptedService(raising(lambda: DownstreamTimeout("results"))), run)

    assert breaker.state is OPEN


PROVOKED: list[MakeError] = [
    lambda: DownstreamTimeout("results"),
    lambda: DownstreamFailed("results", upstream_status=500),
]


@pytest.mark.parametrize("failure", PROVOKED)
def test_what_one_caller_can_provoke_is_neutral(
    clock: FakeClock, run: Run, failure: MakeError
) -> None:
    breaker = make(clock)
    call = a_call(clock, neutral_failures=True)

    ask(breaker, call, ScriptedService(raising(failure)), run, times=100)

    assert breaker.state is CLOSED


def test_what_nobody_can_provoke_counts_on_any_call(clock: FakeClock, run: Run) -> None:
    breaker = make(clock)
    call = a_call(clock, neutral_failures=True)

    ask(breaker, call, ScriptedService(raising(lambda: DownstreamUnreachable("results"))), run)

    assert breaker.state is OPEN


@pytest.mark.parametrize(("neutral", "state"), [(True, CLOSED), (False, OPEN)])
def test_a_slow_answer_that_can_be_provoked_is_not_slow(
    clock: FakeClock, run: Run, *, neutral: bool, state: BreakerState
) -> None:
    breaker = make(clock, window=600.0)
    call = a_call(clock, neutral_failures=neutral)

    ask(breaker, call, ScriptedService(1.5), run)

    assert breaker.state is state


@pytest.mark.parametrize(("neutral", "state"), [(True, CLOSED), (False, OPEN)])
def test_a_slow_refusal_is_slow_unless_it_can_be_provoked(
    clock: FakeClock, run: Run, *, neutral: bool, state: BreakerState
) -> None:
    breaker = make(clock, window=600.0)

    def refuse_late(call: Call) -> Answer:
        clock.advance(1.5)
        raise DownstreamRefused("results", upstream_status=404, spoke_json=True)

    ask(breaker, a_call(clock, neutral_failures=neutral), ScriptedService(refuse_late), run)

    assert breaker.state is state


def test_the_answer_and_the_call_pass_untouched(clock: FakeClock, run: Run) -> None:
    service = ScriptedService(an_answer("batch"))
    call = a_call(clock)

    answer = run(make(clock)(service)(call))

    assert answer.value == "batch"
    assert service.calls == [call]


def test_an_open_breaker_asks_nobody(clock: FakeClock, run: Run) -> None:
    breaker = make(clock)
    open_up(breaker, clock)
    service = ScriptedService()

    ask(breaker, a_call(clock), service, run)

    assert service.calls == []


def test_of_200_calls_in_half_open_three_reach_the_service(clock: FakeClock, run: Run) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    service = ScriptedService(0.5)
    send = breaker(service)

    async def crowd() -> list[bool]:
        tasks = [asyncio.create_task(reaches(i)) for i in range(200)]
        await asyncio.wait(tasks)
        return [task.result() for task in tasks]

    async def reaches(_: int) -> bool:
        try:
            await send(a_call(clock))
        except CircuitOpen:
            return False
        return True

    outcomes = run(crowd())

    assert len(service.calls) == 3
    assert sum(outcomes) == 3
    assert breaker.state is CLOSED


def test_a_cancelled_probe_gives_its_slot_back(clock: FakeClock, run: Run) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    send = breaker(ScriptedService(5.0))

    async def hang_up() -> None:
        for _ in range(10):
            probe = asyncio.create_task(send(a_call(clock)))
            await asyncio.sleep(0)
            probe.cancel()
            await asyncio.wait([probe])

    run(hang_up())

    assert breaker.state is HALF_OPEN
    settle(breaker, clock, Verdict.SUCCESS, 3)
    assert breaker.state is CLOSED


def test_a_sick_sibling_leaves_the_healthy_breaker_closed(clock: FakeClock, run: Run) -> None:
    healthy = make(clock)
    well, sick = healthy(ScriptedService(1.0)), ScriptedService(DownstreamFailed("sick"))

    async def screen() -> None:
        async with fan_out() as group:
            group.create_task(well(a_call(clock)))
            group.create_task(sick(a_call(clock)))

    for _ in range(100):
        with pytest.raises(DownstreamFailed):
            run(screen())

    assert healthy.state is CLOSED
    settle(healthy, clock, Verdict.FAILURE, 19)
    assert healthy.state is CLOSED


def test_defaults_are_those_of_the_design() -> None:
    assert BreakerOptions() == replace(
        BreakerOptions(),
        window=30.0,
        buckets=10,
        minimum_calls=20,
        failure_rate=0.5,
        slow_rate=0.8,
        open_for=5.0,
        open_cap=60.0,
        jitter=0.2,
        probes=3,
    )
