"""Token buckets admit their capacity at once, then evenly, per key and in bounded memory."""

import pytest

from bff_core.testing.clock import FakeClock
from bff_core.token_bucket import TokenBuckets


def make(clock: FakeClock, *, capacity: int = 2, max_keys: int = 100) -> TokenBuckets[str]:
    return TokenBuckets(clock, capacity=capacity, period=60.0, max_keys=max_keys)


def test_a_bucket_gives_its_capacity_then_tells_the_wait() -> None:
    buckets = make(FakeClock())

    assert [buckets.take("a") for _ in range(3)] == [0.0, 0.0, pytest.approx(30.0)]


def test_tokens_come_back_evenly_up_to_the_capacity() -> None:
    clock = FakeClock()
    buckets = make(clock)
    for _ in range(2):
        buckets.take("a")

    clock.advance(30.0)
    assert [buckets.take("a") > 0 for _ in range(2)] == [False, True]

    clock.advance(3600.0)
    assert [buckets.take("a") > 0 for _ in range(3)] == [False, False, True]


def test_the_wait_that_is_told_is_long_enough() -> None:
    clock = FakeClock()
    buckets = make(clock, capacity=7)
    for _ in range(7):
        buckets.take("a")

    clock.advance(buckets.take("a"))

    assert buckets.take("a") == 0.0


def test_keys_have_buckets_of_their_own() -> None:
    buckets = make(FakeClock(), capacity=1)
    buckets.take("a")

    assert buckets.take("b") == 0.0


def test_a_token_given_back_is_there_again() -> None:
    buckets = make(FakeClock(), capacity=1)
    buckets.take("a")

    buckets.give_back("a")

    assert buckets.take("a") == 0.0


def test_buckets_are_bounded_and_full_ones_take_no_memory() -> None:
    buckets = make(FakeClock(), max_keys=100)
    for number in range(1000):
        buckets.take(str(number))
    assert len(buckets) == 100

    buckets.give_back("999")

    assert len(buckets) == 99
