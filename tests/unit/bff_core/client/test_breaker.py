"""The breaker opens at its rates and refuses calls while it is open."""

import tracemalloc
from contextlib import suppress

import pytest

from bff_core.client.policies.observer import BreakerState
from bff_core.client.policies.outcome import Outcome
from bff_core.errors import (
    CircuitOpen,
)
from bff_core.settings import BreakerSettings
from bff_core.testing.clock import FakeClock
from tests.pipeline_kit import a_call
from tests.unit.bff_core.client.breaker_scenes import (
    CLOSED,
    OPEN,
    make,
    open_up,
    refusal,
    settle,
    slow_call,
)


def test_too_few_calls_never_open(clock: FakeClock) -> None:
    breaker = make(clock)

    settle(breaker, clock, Outcome.FAILURE, 19)

    assert breaker.state is CLOSED


def test_half_of_enough_calls_failing_opens(clock: FakeClock) -> None:
    breaker = make(clock)
    settle(breaker, clock, Outcome.SUCCESS, 10)
    settle(breaker, clock, Outcome.FAILURE, 9)
    assert breaker.state is CLOSED

    settle(breaker, clock, Outcome.FAILURE)

    assert breaker.state is OPEN


def test_just_under_half_stays_closed(clock: FakeClock) -> None:
    breaker = make(clock)

    settle(breaker, clock, Outcome.SUCCESS, 101)
    settle(breaker, clock, Outcome.FAILURE, 100)

    assert breaker.state is CLOSED


def test_the_call_that_makes_it_enough_may_be_a_success(clock: FakeClock) -> None:
    breaker = make(clock)
    settle(breaker, clock, Outcome.FAILURE, 19)

    settle(breaker, clock, Outcome.SUCCESS)

    assert breaker.state is OPEN


@pytest.mark.parametrize(("seconds", "state"), [(29.9, OPEN), (30.1, CLOSED)])
def test_failures_count_for_the_length_of_the_window(
    clock: FakeClock, seconds: float, state: BreakerState
) -> None:
    breaker = make(clock)
    clock.advance(2.0)  # 1002 s begins a bucket.
    settle(breaker, clock, Outcome.FAILURE, 19)

    clock.advance(seconds)
    settle(breaker, clock, Outcome.FAILURE)

    assert breaker.state is state


def test_buckets_are_forgotten_one_by_one(clock: FakeClock) -> None:
    breaker = make(clock)
    for _ in range(9):
        settle(breaker, clock, Outcome.FAILURE, 2)
        clock.advance(3.0)
    clock.advance(3.0)

    settle(breaker, clock, Outcome.FAILURE, 3)
    assert breaker.state is CLOSED

    settle(breaker, clock, Outcome.FAILURE)
    assert breaker.state is OPEN


@pytest.mark.parametrize(("slow", "state"), [(15, CLOSED), (16, OPEN)])
def test_four_fifths_slow_opens(clock: FakeClock, slow: int, state: BreakerState) -> None:
    breaker = make(clock)
    for _ in range(slow):
        slow_call(breaker, clock, 1.001)

    settle(breaker, clock, Outcome.SUCCESS, 20 - slow)

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
            breaker.acquire(call)

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
        wait = refusal(breaker, clock).retry_after
        assert wait is not None
        waits.append(wait)
        clock.advance(wait)
        settle(breaker, clock, Outcome.FAILURE)

    assert waits == pytest.approx([5, 10, 20, 40, 60, 60])


def test_days_of_outage_do_not_overflow(clock: FakeClock) -> None:
    breaker = make(clock)
    open_up(breaker, clock)

    for _ in range(2000):
        clock.advance(60)
        settle(breaker, clock, Outcome.FAILURE)

    assert refusal(breaker, clock).retry_after == pytest.approx(60)


def test_a_neutral_end_counts_for_nothing_when_closed(clock: FakeClock) -> None:
    breaker = make(clock)
    settle(breaker, clock, Outcome.FAILURE, 19)

    settle(breaker, clock, Outcome.NEUTRAL, 100)

    assert breaker.state is CLOSED


def test_defaults_are_those_of_the_design() -> None:
    assert BreakerSettings() == BreakerSettings(
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
