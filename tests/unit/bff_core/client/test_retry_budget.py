"""The retry budget of a service."""

import pytest

from bff_core.client.policies.retry import RetryBudget
from bff_core.testing.clock import FakeClock


def count(budget: RetryBudget, tries: int = 100) -> int:
    return sum(budget.spend() for _ in range(tries))


def test_a_tenth_of_the_calls_may_be_retried(clock: FakeClock) -> None:
    budget = RetryBudget(clock)
    count(budget)

    for _ in range(100):
        budget.earn()

    assert count(budget) == 10


def test_ten_calls_earn_one_retry(clock: FakeClock) -> None:
    budget = RetryBudget(clock)
    count(budget)

    for _ in range(9):
        budget.earn()
    assert not budget.spend()
    budget.earn()

    assert count(budget) == 1


def test_savings_are_bounded(clock: FakeClock) -> None:
    budget = RetryBudget(clock)

    for _ in range(10_000):
        budget.earn()

    assert count(budget) == 20


def test_a_quiet_service_may_be_retried_a_few_times(clock: FakeClock) -> None:
    budget = RetryBudget(clock)

    assert count(budget) == 3


@pytest.mark.parametrize(("seconds", "retries"), [(9.9, 0), (10.0, 1), (20.0, 2), (3600.0, 3)])
def test_the_few_come_back_with_time(clock: FakeClock, seconds: float, retries: int) -> None:
    budget = RetryBudget(clock)
    count(budget)

    clock.advance(seconds)

    assert count(budget) == retries


def test_time_takes_no_savings_away(clock: FakeClock) -> None:
    budget = RetryBudget(clock)
    for _ in range(100):
        budget.earn()

    clock.advance(3600)

    assert count(budget) == 13


def test_time_is_counted_once(clock: FakeClock) -> None:
    budget = RetryBudget(clock)
    count(budget)
    clock.advance(10)

    assert count(budget) == 1
    assert count(budget) == 0
