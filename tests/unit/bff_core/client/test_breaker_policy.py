"""The breaker as a policy: outcomes of calls, and the calls that it lets through."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest

from bff_core.client.call import Call, DownstreamResponse
from bff_core.client.pipeline import apply_policies
from bff_core.client.policies.breaker import Breaker
from bff_core.client.policies.observer import BreakerState
from bff_core.client.policies.outcome import Outcome
from bff_core.client.policies.retry import Retry, RetryBudget
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
from bff_core.testing.clock import FakeClock
from tests.pipeline_kit import Run, ScriptedService, a_call, a_response
from tests.unit.bff_core.client.breaker_scenes import (
    CLOSED,
    HALF_OPEN,
    OPEN,
    half_open,
    make,
    open_up,
    settle,
)

MakeError = Callable[[], BaseException]


FAILURES: list[MakeError] = [
    lambda: DownstreamFailed("results", upstream_status=503),
    lambda: DownstreamFailed("results", reason="decode"),
    lambda: DownstreamRefused("results", upstream_status=429, spoke_json=True),
    lambda: DownstreamTimeout("results"),
    lambda: DownstreamUnreachable("results"),
]


PROVOKED: list[MakeError] = [
    lambda: DownstreamTimeout("results"),
    lambda: DownstreamFailed("results", upstream_status=500),
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


def raising(make_error: MakeError) -> Callable[[Call], DownstreamResponse]:
    def act(_: Call) -> DownstreamResponse:
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
    settle(breaker, clock, Outcome.FAILURE, 19)

    ask(breaker, a_call(clock), ScriptedService(raising(harmless)), run, times=1)

    assert breaker.state is state


def test_an_impatient_caller_is_not_held_against_the_service(clock: FakeClock, run: Run) -> None:
    breaker = make(clock)
    hasty = a_call(clock, seconds=0.249)

    ask(breaker, hasty, ScriptedService(raising(lambda: DownstreamTimeout("results"))), run, 100)

    assert breaker.state is CLOSED


def test_a_caller_with_fair_patience_is_heard(clock: FakeClock, run: Run) -> None:
    breaker = make(clock)
    fair = a_call(clock, seconds=0.25)

    ask(breaker, fair, ScriptedService(raising(lambda: DownstreamTimeout("results"))), run)

    assert breaker.state is OPEN


@pytest.mark.parametrize("failure", PROVOKED)
def test_what_one_caller_can_provoke_is_neutral(
    clock: FakeClock, run: Run, failure: MakeError
) -> None:
    breaker = make(clock)
    call = a_call(clock, ignored_by_breaker=True)

    ask(breaker, call, ScriptedService(raising(failure)), run, times=100)

    assert breaker.state is CLOSED


def test_what_nobody_can_provoke_counts_on_any_call(clock: FakeClock, run: Run) -> None:
    breaker = make(clock)
    call = a_call(clock, ignored_by_breaker=True)

    ask(breaker, call, ScriptedService(raising(lambda: DownstreamUnreachable("results"))), run)

    assert breaker.state is OPEN


@pytest.mark.parametrize(("neutral", "state"), [(True, CLOSED), (False, OPEN)])
def test_a_slow_answer_that_can_be_provoked_is_not_slow(
    clock: FakeClock, run: Run, *, neutral: bool, state: BreakerState
) -> None:
    breaker = make(clock, window=600.0)
    call = a_call(clock, ignored_by_breaker=neutral)

    ask(breaker, call, ScriptedService(1.5), run)

    assert breaker.state is state


@pytest.mark.parametrize(("neutral", "state"), [(True, CLOSED), (False, OPEN)])
def test_a_slow_refusal_is_slow_unless_it_can_be_provoked(
    clock: FakeClock, run: Run, *, neutral: bool, state: BreakerState
) -> None:
    breaker = make(clock, window=600.0)

    def refuse_late(call: Call) -> DownstreamResponse:
        clock.advance(1.5)
        raise DownstreamRefused("results", upstream_status=404, spoke_json=True)

    ask(breaker, a_call(clock, ignored_by_breaker=neutral), ScriptedService(refuse_late), run)

    assert breaker.state is state


def test_the_answer_and_the_call_pass_untouched(clock: FakeClock, run: Run) -> None:
    service = ScriptedService(a_response("batch"))
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


def test_retries_of_a_crowd_reach_a_sick_service_no_oftener(clock: FakeClock, run: Run) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    service = ScriptedService(raising(lambda: DownstreamFailed("results", upstream_status=503)))
    send = apply_policies(service, Retry(RetryBudget(clock), attempts=5), breaker)

    async def crowd() -> None:
        await asyncio.wait([asyncio.create_task(one()) for _ in range(200)])

    async def one() -> None:
        with suppress(DownstreamError):
            await send(a_call(clock))

    run(crowd())

    assert 1 <= len(service.calls) <= 3
    assert breaker.state is OPEN


def test_a_cancelled_probe_gives_its_slot_back(clock: FakeClock, run: Run) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    send = breaker(ScriptedService(5.0))

    async def hang_up() -> None:
        for _ in range(10):
            probe = asyncio.ensure_future(send(a_call(clock)))
            await asyncio.sleep(0)
            probe.cancel()
            await asyncio.wait([probe])

    run(hang_up())

    assert breaker.state is HALF_OPEN
    settle(breaker, clock, Outcome.SUCCESS, 3)
    assert breaker.state is CLOSED


@pytest.mark.parametrize(
    ("seconds", "neutral", "state"),
    [(0.6, False, OPEN), (0.7, False, CLOSED), (0.6, True, CLOSED)],
)
def test_a_call_cancelled_at_its_deadline_timed_out(
    clock: FakeClock, run: Run, seconds: float, state: BreakerState, *, neutral: bool
) -> None:
    breaker = make(clock)
    send = breaker(ScriptedService(5.0))

    async def scene() -> None:
        for _ in range(20):
            call = a_call(clock, seconds=seconds, ignored_by_breaker=neutral)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.6):
                    await send(call)

    run(scene())

    assert breaker.state is state


def test_a_sick_sibling_leaves_the_healthy_breaker_closed(clock: FakeClock, run: Run) -> None:
    healthy = make(clock)
    well, sick = healthy(ScriptedService(1.0)), ScriptedService(DownstreamFailed("sick"))

    async def screen() -> None:
        async with fan_out() as group:
            group.create_task(sick(a_call(clock)))
            await well(a_call(clock))

    for _ in range(100):
        with pytest.raises(DownstreamFailed):
            run(screen())

    assert healthy.state is CLOSED
    settle(healthy, clock, Outcome.FAILURE, 19)
    assert healthy.state is CLOSED
