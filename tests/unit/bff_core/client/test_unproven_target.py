"""Unknown ids of one user do not open the breaker and are limited per user."""

import asyncio

import pytest

from bff_core.client.call import Call, DownstreamResponse, Send
from bff_core.client.pipeline import apply_policies
from bff_core.client.policies.breaker import Breaker
from bff_core.client.policies.observer import BreakerState
from bff_core.client.policies.outcome import UnprovenTargetPolicy
from bff_core.errors import (
    BffError,
    CircuitOpen,
    DownstreamError,
    DownstreamFailed,
    DownstreamRefused,
    DownstreamTimeout,
    DownstreamUnreachable,
    RateLimited,
)
from bff_core.testing.clock import FakeClock, Run
from bff_core.token_bucket import TokenBuckets
from tests.pipeline_kit import RecordingObserver, ScriptedService, a_call


def look_up(clock: FakeClock, batch: str = "unknown", identity: str = "teacher-1") -> Call:
    return a_call(clock, url=f"/batches/{batch}", identity=identity, ignored_by_breaker=True)


async def try_out(send: Send, call: Call) -> DownstreamResponse | BffError:
    try:
        return await send(call)
    except BffError as error:
        return error


def make(
    clock: FakeClock, observer: RecordingObserver | None = None, *, failures: int = 20
) -> UnprovenTargetPolicy:
    return UnprovenTargetPolicy(
        TokenBuckets(clock, capacity=failures),
        observer=observer or RecordingObserver(),
    )


def broken() -> DownstreamFailed:
    return DownstreamFailed("results", upstream_status=500)


def test_a_thousand_unknown_batches_leave_the_breaker_closed(clock: FakeClock, run: Run) -> None:
    service = ScriptedService(broken())
    breaker = Breaker("results", clock)
    send = apply_policies(service, make(clock), breaker)

    async def scene() -> list[DownstreamResponse | BffError]:
        return [await try_out(send, look_up(clock, str(number))) for number in range(1000)]

    outcomes = run(scene())

    assert breaker.state is BreakerState.CLOSED
    assert len(service.calls) == 20
    assert sum(isinstance(each, RateLimited) for each in outcomes) == 980


def test_a_thousand_at_once_do_not_slip_through(clock: FakeClock, run: Run) -> None:
    def time_out(_: Call) -> DownstreamResponse:
        raise DownstreamTimeout("results")

    service = ScriptedService(time_out)
    send = make(clock)(service)

    async def scene() -> None:
        calls = [look_up(clock, str(number)) for number in range(1000)]
        await asyncio.wait([asyncio.create_task(try_out(send, call)) for call in calls])

    run(scene())

    assert len(service.calls) == 20


def test_an_id_that_has_answered_is_held_against_the_service(clock: FakeClock, run: Run) -> None:
    service = ScriptedService()
    breaker = Breaker("results", clock, jitter=lambda: 0.5)
    send = apply_policies(service, make(clock), breaker)
    run(try_out(send, look_up(clock, "known")))
    service.play(broken())

    for _ in range(20):
        run(try_out(send, look_up(clock, "known", identity="teacher-2")))

    assert breaker.state is BreakerState.OPEN


def test_an_id_that_has_answered_is_never_limited(clock: FakeClock, run: Run) -> None:
    service = ScriptedService()
    send = make(clock, failures=1)(service)
    run(try_out(send, look_up(clock, "known")))
    service.play(broken())
    run(try_out(send, look_up(clock)))
    assert isinstance(run(try_out(send, look_up(clock))), RateLimited)
    service.play(DownstreamResponse("good", b""))

    answer = run(try_out(send, look_up(clock, "known")))

    assert answer.value == "good"


def test_one_user_s_failures_do_not_limit_another(clock: FakeClock, run: Run) -> None:
    send = make(clock, failures=1)(ScriptedService(broken()))
    run(try_out(send, look_up(clock)))

    other = run(try_out(send, look_up(clock, identity="teacher-2")))

    assert isinstance(other, DownstreamFailed)


def test_limited_users_learn_when_to_return(
    clock: FakeClock, run: Run, observer: RecordingObserver
) -> None:
    send = make(clock, observer, failures=2)(ScriptedService(broken()))
    for _ in range(2):
        run(try_out(send, look_up(clock)))

    limited = run(try_out(send, look_up(clock)))

    assert isinstance(limited, RateLimited)
    assert limited.retry_after == pytest.approx(30.0)
    assert observer.events == [("refused", "failure_limit")]
    clock.advance(30.0)
    assert isinstance(run(try_out(send, look_up(clock))), DownstreamFailed)


BLAMED: list[DownstreamError] = [
    broken(),
    DownstreamTimeout("results"),
    DownstreamRefused("results", upstream_status=404, spoke_json=True),
]
NOT_BLAMED: list[BaseException] = [
    DownstreamFailed("results", upstream_status=503),
    DownstreamRefused("results", upstream_status=429, spoke_json=True),
    DownstreamUnreachable("results"),
    CircuitOpen("results"),
]


@pytest.mark.parametrize("failure", BLAMED)
def test_failures_that_lie_in_the_question_are_counted(
    clock: FakeClock, run: Run, failure: DownstreamError
) -> None:
    send = make(clock, failures=1)(ScriptedService(failure))
    run(try_out(send, look_up(clock)))

    assert isinstance(run(try_out(send, look_up(clock))), RateLimited)


@pytest.mark.parametrize("failure", NOT_BLAMED)
def test_failures_of_the_service_are_not_the_user_s(
    clock: FakeClock, run: Run, failure: BaseException
) -> None:
    send = make(clock, failures=1)(ScriptedService(failure))

    for _ in range(5):
        assert run(try_out(send, look_up(clock))) is failure


def test_look_ups_that_answer_cost_nothing(clock: FakeClock, run: Run) -> None:
    send = make(clock, failures=1)(ScriptedService())

    for number in range(5):
        assert isinstance(run(try_out(send, look_up(clock, str(number)))), DownstreamResponse)


def test_a_user_who_hangs_up_is_not_charged(clock: FakeClock, run: Run) -> None:
    send = make(clock, failures=1)(ScriptedService(5.0))

    async def scene() -> None:
        task = asyncio.create_task(try_out(send, look_up(clock)))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait([task])

    run(scene())

    assert isinstance(run(try_out(send, look_up(clock))), DownstreamResponse)


def test_other_calls_pass_untouched(clock: FakeClock, run: Run) -> None:
    service = ScriptedService(broken())
    send = make(clock, failures=1)(service)
    call = a_call(clock)

    for _ in range(5):
        run(try_out(send, call))

    assert service.calls == [call] * 5


def test_memory_of_ids_is_bounded_and_forgets_the_least_used(clock: FakeClock, run: Run) -> None:
    policy = UnprovenTargetPolicy(TokenBuckets(clock, capacity=20), max_known_good=2)
    service = ScriptedService()
    send = policy(service)

    for batch in ["old", "used", "old", "new"]:
        run(try_out(send, look_up(clock, batch)))
    for batch in ["old", "used"]:
        run(try_out(send, look_up(clock, batch)))

    assert len(policy) == 2
    assert [call.ignored_by_breaker for call in service.calls[-2:]] == [False, True]
