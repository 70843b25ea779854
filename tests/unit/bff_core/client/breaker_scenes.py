"""Steps that tests of the breaker share."""

from typing import Any

import pytest

from bff_core.client.policies.breaker import Breaker
from bff_core.client.policies.observer import BreakerState
from bff_core.client.policies.outcome import Outcome
from bff_core.errors import (
    CircuitOpen,
)
from bff_core.settings import BreakerSettings
from bff_core.testing.clock import FakeClock
from tests.pipeline_kit import a_call

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


def make(clock: FakeClock, *, jitter: float = 0.5, **options: Any) -> Breaker:
    return Breaker("results", clock, BreakerSettings(**options), jitter=lambda: jitter)


def settle(breaker: Breaker, clock: FakeClock, outcome: Outcome, times: int = 1) -> None:
    for _ in range(times):
        breaker.record(breaker.acquire(a_call(clock)), outcome)


def open_up(breaker: Breaker, clock: FakeClock) -> None:
    settle(breaker, clock, Outcome.FAILURE, 20)


def half_open(breaker: Breaker, clock: FakeClock) -> None:
    open_up(breaker, clock)
    clock.advance(5.0)


def refusal(breaker: Breaker, clock: FakeClock) -> CircuitOpen:
    with pytest.raises(CircuitOpen) as caught:
        breaker.acquire(a_call(clock))
    return caught.value


def slow_call(breaker: Breaker, clock: FakeClock, seconds: float, **settling: bool) -> None:
    permit = breaker.acquire(a_call(clock))
    clock.advance(seconds)
    breaker.record(permit, Outcome.SUCCESS, **settling)
