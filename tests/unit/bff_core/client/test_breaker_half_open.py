"""The half-open breaker probes the service and closes or opens again."""

import pytest

from bff_core.client.policies.outcome import Outcome
from bff_core.testing.clock import FakeClock
from tests.pipeline_kit import a_call
from tests.unit.bff_core.client.breaker_scenes import (
    CLOSED,
    HALF_OPEN,
    OPEN,
    half_open,
    make,
    open_up,
    refusal,
    settle,
    slow_call,
)


def test_closing_starts_the_open_time_afresh(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    settle(breaker, clock, Outcome.FAILURE)
    clock.advance(10)
    settle(breaker, clock, Outcome.SUCCESS, 3)

    open_up(breaker, clock)

    assert refusal(breaker, clock).retry_after == pytest.approx(5)


def test_open_lasts_until_its_moment(clock: FakeClock) -> None:
    breaker = make(clock)
    open_up(breaker, clock)
    clock.advance(4.999)
    refusal(breaker, clock)

    clock.advance(0.001)
    breaker.acquire(a_call(clock))

    assert breaker.state is HALF_OPEN


def test_half_open_admits_exactly_its_probes(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)

    for _ in range(3):
        breaker.acquire(a_call(clock))

    refused = refusal(breaker, clock)
    assert refused.retry_after == pytest.approx(10.0)


def test_a_probe_that_passed_makes_no_room_for_a_fourth(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    settle(breaker, clock, Outcome.SUCCESS)
    breaker.acquire(a_call(clock))
    breaker.acquire(a_call(clock))

    refusal(breaker, clock)


def test_all_probes_passing_closes(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    settle(breaker, clock, Outcome.SUCCESS, 2)
    assert breaker.state is HALF_OPEN

    settle(breaker, clock, Outcome.SUCCESS)

    assert breaker.state is CLOSED


def test_one_failing_probe_opens_again(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    settle(breaker, clock, Outcome.SUCCESS, 2)

    settle(breaker, clock, Outcome.FAILURE)

    assert breaker.state is OPEN


def test_probes_that_drag_open_again(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)

    for _ in range(3):
        slow_call(breaker, clock, 1.5)

    assert breaker.state is OPEN


def test_exactly_the_slow_rate_of_probes_opens_again(clock: FakeClock) -> None:
    breaker = make(clock, slow_rate=1.0)
    half_open(breaker, clock)

    for _ in range(3):
        slow_call(breaker, clock, 1.5)

    assert breaker.state is OPEN


def test_one_slow_probe_of_three_is_forgiven(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    slow_call(breaker, clock, 1.5)

    settle(breaker, clock, Outcome.SUCCESS, 2)

    assert breaker.state is CLOSED


def test_probes_of_an_earlier_half_open_are_not_remembered(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    slow_call(breaker, clock, 1.5)
    settle(breaker, clock, Outcome.SUCCESS)
    settle(breaker, clock, Outcome.FAILURE)
    clock.advance(10)

    settle(breaker, clock, Outcome.SUCCESS, 2)

    assert breaker.state is HALF_OPEN


def test_closing_forgets_the_failures_that_opened_it(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    settle(breaker, clock, Outcome.SUCCESS, 3)

    settle(breaker, clock, Outcome.FAILURE, 19)

    assert breaker.state is CLOSED


def test_a_neutral_probe_gives_its_slot_back(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    settle(breaker, clock, Outcome.NEUTRAL, 50)

    settle(breaker, clock, Outcome.SUCCESS, 3)

    assert breaker.state is CLOSED


def test_a_hung_probe_cannot_hold_its_slot(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    hung = [breaker.acquire(a_call(clock)) for _ in range(3)]
    clock.advance(9.999)
    refusal(breaker, clock)
    clock.advance(0.001)

    settle(breaker, clock, Outcome.SUCCESS, 3)

    assert breaker.state is CLOSED
    settle(breaker, clock, Outcome.FAILURE, 19)
    breaker.record(hung[0], Outcome.FAILURE)
    assert breaker.state is CLOSED


def test_a_probe_that_outlived_its_lease_says_nothing(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    late = breaker.acquire(a_call(clock))
    clock.advance(10)

    breaker.record(late, Outcome.FAILURE)

    assert breaker.state is HALF_OPEN


def test_a_permit_settles_once(clock: FakeClock) -> None:
    breaker = make(clock)
    half_open(breaker, clock)
    probe = breaker.acquire(a_call(clock))

    for _ in range(3):
        breaker.record(probe, Outcome.SUCCESS)

    assert breaker.state is HALF_OPEN


def test_results_from_before_opening_change_nothing(clock: FakeClock) -> None:
    breaker = make(clock)
    old = [breaker.acquire(a_call(clock)) for _ in range(30)]
    half_open(breaker, clock)
    breaker.acquire(a_call(clock))

    for permit in old:
        breaker.record(permit, Outcome.FAILURE)

    assert breaker.state is HALF_OPEN


def test_results_from_before_opening_do_not_count_after_closing(clock: FakeClock) -> None:
    breaker = make(clock)
    old = [breaker.acquire(a_call(clock)) for _ in range(30)]
    half_open(breaker, clock)
    settle(breaker, clock, Outcome.SUCCESS, 3)

    for permit in old:
        breaker.record(permit, Outcome.FAILURE)

    assert breaker.state is CLOSED
