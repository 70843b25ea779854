"""The breaker notifies its observer, which cannot break it."""

import pytest
from structlog.testing import capture_logs

from bff_core.client.call import Call
from bff_core.client.policies.breaker import Breaker
from bff_core.client.policies.observer import BreakerState, Observer, RefusedBy
from bff_core.client.policies.outcome import Outcome
from bff_core.errors import (
    CircuitOpen,
)
from bff_core.testing.clock import FakeClock
from tests.pipeline_kit import RecordingObserver, a_call
from tests.unit.bff_core.client.breaker_scenes import (
    CLOSED,
    OPEN,
    half_open,
    open_up,
    refusal,
    settle,
)


def test_changes_are_told_in_order(clock: FakeClock, observer: RecordingObserver) -> None:
    breaker = Breaker("results", clock, observer=observer, jitter=lambda: 0.5)

    half_open(breaker, clock)
    settle(breaker, clock, Outcome.SUCCESS, 3)

    assert observer.events == [
        ("breaker", "results", "closed", "open"),
        ("breaker", "results", "open", "half_open"),
        ("breaker", "results", "half_open", "closed"),
    ]


def test_a_refusal_is_told(clock: FakeClock, observer: RecordingObserver) -> None:
    breaker = Breaker("results", clock, observer=observer)
    open_up(breaker, clock)

    refusal(breaker, clock)

    assert observer.events[-1] == ("refused", "breaker")


class RaisingObserver(Observer):
    def breaker_changed(
        self, service: str, operation: str | None, before: BreakerState, after: BreakerState
    ) -> None:
        raise RuntimeError("listener")

    def refused(self, call: Call, by: RefusedBy) -> None:
        raise RuntimeError("listener")


def test_a_listener_that_raises_breaks_nothing(clock: FakeClock) -> None:
    breaker = Breaker("results", clock, observer=RaisingObserver(), jitter=lambda: 0.5)

    with capture_logs() as logs:
        half_open(breaker, clock)
        settle(breaker, clock, Outcome.SUCCESS, 3)

    assert breaker.state is CLOSED
    assert {line["event"] for line in logs} == {"observer_failed"}


class CallingObserver(Observer):
    """Acquires a permit while it is notified."""

    def __init__(self) -> None:
        self.breaker: Breaker | None = None
        self.clock = FakeClock()
        self.refusals = 0

    def breaker_changed(
        self, service: str, operation: str | None, before: BreakerState, after: BreakerState
    ) -> None:
        if after is OPEN:
            assert self.breaker is not None
            with pytest.raises(CircuitOpen):
                self.breaker.acquire(a_call(self.clock))
            self.refusals += 1


def test_a_listener_may_call_back(clock: FakeClock) -> None:
    calling = CallingObserver()
    breaker = calling.breaker = Breaker("results", clock, observer=calling)

    open_up(breaker, clock)

    assert calling.refusals == 1
