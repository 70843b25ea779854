"""Retries are of safe methods, delayed, bounded and within their budget."""

from typing import Any

import pytest
from msgspec.structs import replace

from bff_core.client.call import MIN_ATTEMPT_SECONDS
from bff_core.client.policies.retry import Retry, RetryBudget
from bff_core.errors import (
    BffError,
    CircuitOpen,
    DownstreamError,
    DownstreamFailed,
    DownstreamRefused,
    DownstreamSaturated,
    DownstreamTimeout,
    DownstreamUnreachable,
)
from bff_core.testing.clock import FakeClock
from tests.pipeline_kit import RecordingObserver, Run, ScriptedService, a_call, a_response


class FakeSleep:
    """Sleeps on the fake clock, `overrun` seconds longer."""

    def __init__(self, clock: FakeClock, overrun: float = 0.0) -> None:
        self.taken: list[float] = []
        self._clock = clock
        self._overrun = overrun

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        self._clock.advance(seconds + self._overrun)


def make(
    clock: FakeClock,
    sleep: FakeSleep | None = None,
    *,
    observer: RecordingObserver | None = None,
    **options: Any,
) -> Retry:
    return Retry(
        RetryBudget(clock),
        **options,
        sleep=sleep or FakeSleep(clock),
        jitter=lambda: 1.0,
        observer=observer or RecordingObserver(),
    )


def refused(status: int, retry_after: float | None = None) -> DownstreamRefused:
    error = DownstreamRefused("results", upstream_status=status, spoke_json=True)
    error.retry_after = retry_after
    return error


PASSING: list[DownstreamError] = [
    DownstreamFailed("results", upstream_status=502),
    DownstreamTimeout("results"),
    DownstreamUnreachable("results"),
    refused(429, 0.1),
]
LASTING: list[BaseException] = [
    refused(404),
    refused(404, 0.1),
    refused(429),
    CircuitOpen("results", retry_after=0.1),
    DownstreamSaturated("results", retry_after=0.1),
    BffError("not of a downstream"),
    ValueError("a bug"),
]


@pytest.mark.parametrize("failure", PASSING)
def test_a_failure_that_may_pass_is_asked_again(
    clock: FakeClock, run: Run, failure: DownstreamError
) -> None:
    service = ScriptedService(failure, a_response("second"))
    call = a_call(clock)

    answer = run(make(clock)(service)(call))

    assert answer.value == "second"
    assert service.calls == [call, replace(call, attempt=2)]


@pytest.mark.parametrize("failure", LASTING)
def test_a_failure_that_lasts_is_not(clock: FakeClock, run: Run, failure: BaseException) -> None:
    service = ScriptedService(failure)

    with pytest.raises(type(failure)) as caught:
        run(make(clock)(service)(a_call(clock)))

    assert caught.value is failure
    assert len(service.calls) == 1


@pytest.mark.parametrize(
    "asked",
    [{"method": "POST"}, {"method": "PUT"}, {"method": "DELETE"}],
)
def test_a_write_is_never_retried(clock: FakeClock, run: Run, asked: dict[str, Any]) -> None:
    service = ScriptedService(DownstreamUnreachable("results"))

    with pytest.raises(DownstreamUnreachable):
        run(make(clock, attempts=5)(service)(a_call(clock, **asked)))

    assert len(service.calls) == 1


def test_attempts_are_bounded_and_the_last_failure_comes_out(clock: FakeClock, run: Run) -> None:
    last = DownstreamTimeout("results")
    service = ScriptedService(DownstreamFailed("results"), DownstreamFailed("results"), last)

    with pytest.raises(DownstreamTimeout) as caught:
        run(make(clock, attempts=3)(service)(a_call(clock)))

    assert caught.value is last
    assert len(service.calls) == 3


@pytest.mark.parametrize(("draw", "first"), [(0.0, 0.025), (0.5, 0.0375), (1.0, 0.05)])
def test_pauses_are_drawn_and_double_to_their_cap(
    clock: FakeClock, run: Run, draw: float, first: float
) -> None:
    sleep = FakeSleep(clock)
    budget = RetryBudget(clock, minimum=9)
    retry = Retry(budget, attempts=8, sleep=sleep, jitter=lambda: draw)

    with pytest.raises(DownstreamFailed):
        run(retry(ScriptedService(DownstreamFailed("results")))(a_call(clock, seconds=60.0)))

    doubling = [first * 2**number for number in range(5)]
    assert sleep.taken == pytest.approx([*doubling, 20 * first, 20 * first])


def test_the_service_is_not_asked_before_it_wants_to_be(clock: FakeClock, run: Run) -> None:
    sleep = FakeSleep(clock)
    service = ScriptedService(refused(429, 1.0), a_response())

    run(make(clock, sleep)(service)(a_call(clock)))

    assert sleep.taken == [1.0]


@pytest.mark.parametrize("retry_after", [1.951, 60.0])
def test_a_wait_that_the_deadline_cannot_fit_is_not_begun(
    clock: FakeClock, run: Run, observer: RecordingObserver, retry_after: float
) -> None:
    sleep = FakeSleep(clock)
    failure = refused(429, retry_after)

    with pytest.raises(DownstreamRefused):
        run(make(clock, sleep, observer=observer)(ScriptedService(failure))(a_call(clock)))

    assert sleep.taken == []
    assert observer.events == [("retried", "denied_deadline")]


def test_the_last_moment_that_fits_is_used(clock: FakeClock, run: Run) -> None:
    service = ScriptedService(refused(429, 1.5), a_response())

    run(make(clock, attempts=2)(service)(a_call(clock, seconds=1.5 + MIN_ATTEMPT_SECONDS + 1e-6)))

    assert len(service.calls) == 2


def test_a_sleep_that_overran_gives_the_failure_not_a_late_attempt(
    clock: FakeClock, run: Run, observer: RecordingObserver
) -> None:
    failure = DownstreamFailed("results")
    service = ScriptedService(failure)

    with pytest.raises(DownstreamFailed) as caught:
        run(make(clock, FakeSleep(clock, 5.0), observer=observer)(service)(a_call(clock)))

    assert caught.value is failure
    assert len(service.calls) == 1
    assert observer.events == [("retried", "denied_deadline")]


def test_no_first_attempt_without_time_for_one(
    clock: FakeClock, run: Run, observer: RecordingObserver
) -> None:
    service = ScriptedService()

    with pytest.raises(DownstreamTimeout) as caught:
        run(make(clock, observer=observer)(service)(a_call(clock, seconds=0.049)))

    assert caught.value.service == "results"
    assert caught.value.reason == "no_time_to_ask"
    assert service.calls == []
    assert observer.events == [("refused", "deadline")]


def test_an_attempt_starts_when_just_enough_time_is_left(clock: FakeClock, run: Run) -> None:
    service = ScriptedService()

    run(make(clock, attempts=2)(service)(a_call(clock, seconds=MIN_ATTEMPT_SECONDS + 1e-6)))

    assert len(service.calls) == 1


def test_retries_are_told(clock: FakeClock, run: Run, observer: RecordingObserver) -> None:
    service = ScriptedService(DownstreamTimeout("results"), a_response())

    run(make(clock, observer=observer)(service)(a_call(clock)))

    assert observer.events == [("retried", "timeout")]
    assert observer.keys == [service.calls[0].key]


def test_a_spent_budget_denies(clock: FakeClock, run: Run, observer: RecordingObserver) -> None:
    service = ScriptedService(DownstreamUnreachable("results"))
    send = make(clock, observer=observer)(service)

    for _ in range(4):
        with pytest.raises(DownstreamUnreachable):
            run(send(a_call(clock)))

    assert len(service.calls) == 4 + 3
    assert observer.events[-1] == ("retried", "denied_budget")
