"""`DownstreamError.sent` is False exactly when no byte of the request can have left."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from aiohttp import client_exceptions

from bff_core.client.call import Call, DownstreamResponse, Send
from bff_core.client.errors import from_exception, from_status
from bff_core.client.pipeline import apply_policies
from bff_core.client.policies.attempt import attempt_timeout, call_deadline
from bff_core.client.policies.breaker import Breaker
from bff_core.client.policies.bulkhead import Bulkhead
from bff_core.client.policies.retry import Retry, RetryBudget
from bff_core.client.policies.single_flight import SingleFlight
from bff_core.errors import (
    CircuitOpen,
    DownstreamError,
    DownstreamFailed,
    DownstreamSaturated,
    DownstreamTimeout,
    DownstreamUnreachable,
)
from bff_core.testing.clock import FakeClock, Run
from tests.pipeline_kit import ScriptedService, a_call
from tests.unit.bff_core.client.breaker_scenes import open_up

NOT_CONNECTED = {
    "ClientConnectorError",
    "ClientConnectorDNSError",
    "ClientConnectorSSLError",
    "ClientConnectorCertificateError",
    "ClientProxyConnectionError",
    "ClientSSLError",
    "UnixClientConnectorError",
    "ConnectionTimeoutError",
    "InvalidURL",
    "InvalidUrlClientError",
    "InvalidUrlRedirectClientError",
}
LIBRARY_ERRORS = [
    kind
    for kind in map(client_exceptions.__dict__.get, client_exceptions.__all__)
    if isinstance(kind, type) and issubclass(kind, aiohttp.ClientError)
]


async def failure_of(response: Awaitable[DownstreamResponse]) -> DownstreamError:
    with pytest.raises(DownstreamError) as caught:
        await response
    return caught.value


def described(error: DownstreamError) -> tuple[type[DownstreamError], str | None, bool]:
    return type(error), error.reason, error.sent


@pytest.mark.parametrize("kind", LIBRARY_ERRORS)
def test_only_a_failed_connect_is_known_not_to_have_sent(kind: type[Exception]) -> None:
    error = from_exception("cms", kind.__new__(kind))

    assert error.sent is (kind.__name__ not in NOT_CONNECTED)


@pytest.mark.parametrize("status", [302, 400, 404, 429, 500, 503])
def test_an_answer_was_sent_for(status: int) -> None:
    assert from_status("cms", status, {}).sent


@pytest.mark.parametrize("policy", [call_deadline(1.0), attempt_timeout(1.0)])
def test_no_time_left_before_an_attempt(
    clock: FakeClock, run: Run, policy: Callable[[Send], Send]
) -> None:
    error = run(failure_of(policy(ScriptedService())(a_call(clock, seconds=0.0))))

    assert described(error) == (DownstreamTimeout, "no_time_left", False)


def test_an_attempt_that_timed_out_may_have_been_sent(clock: FakeClock, run: Run) -> None:
    error = run(failure_of(attempt_timeout(1.0)(ScriptedService(5.0))(a_call(clock))))

    assert described(error) == (DownstreamTimeout, "deadline", True)


def test_no_time_for_the_first_attempt(clock: FakeClock, run: Run) -> None:
    send = Retry(RetryBudget(clock))(ScriptedService())

    error = run(failure_of(send(a_call(clock, seconds=0.04))))

    assert described(error) == (DownstreamTimeout, "no_time_to_ask", False)


def test_an_open_breaker(clock: FakeClock, run: Run) -> None:
    breaker = Breaker("results", clock)
    open_up(breaker, clock)

    error = run(failure_of(breaker(ScriptedService())(a_call(clock))))

    assert described(error) == (CircuitOpen, None, False)


@pytest.mark.parametrize(
    ("max_waiting", "seconds", "expected"),
    [
        (0, 2.0, (DownstreamSaturated, None, False)),
        (9, 2.0, (DownstreamSaturated, None, False)),
        (9, 0.07, (DownstreamTimeout, "no_time_to_wait", False)),
    ],
)
def test_a_full_bulkhead(
    clock: FakeClock,
    run: Run,
    max_waiting: int,
    seconds: float,
    expected: tuple[type[DownstreamError], str | None, bool],
) -> None:
    bulkhead = Bulkhead("results", max_in_flight=1, max_waiting=max_waiting)

    async def scene() -> DownstreamError:
        holder = asyncio.ensure_future(bulkhead(ScriptedService(1.0))(a_call(clock)))
        await asyncio.sleep(0)
        error = await failure_of(bulkhead(ScriptedService())(a_call(clock, seconds=seconds)))
        await holder
        return error

    assert described(run(scene())) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.3, (DownstreamTimeout, "no_time_to_wait", True)), (60.0, "shared_call_overran")],
)
def test_a_shared_call_may_have_been_sent(
    clock: FakeClock, run: Run, seconds: float, expected: object
) -> None:
    send = SingleFlight(clock)(ScriptedService(1000.0))

    error = run(failure_of(send(a_call(clock, seconds=seconds))))

    assert expected in {described(error), error.reason}
    assert error.sent


UNSENT = DownstreamUnreachable("results", sent=False)
SENT = DownstreamFailed("results")


@pytest.mark.parametrize(
    ("failures", "sent"),
    [
        ([UNSENT, UNSENT, UNSENT], False),
        ([UNSENT, SENT, UNSENT], True),
        ([SENT, UNSENT, UNSENT], True),
        ([UNSENT, UNSENT, SENT], True),
    ],
)
def test_retries_were_sent_if_any_attempt_was(
    clock: FakeClock, run: Run, failures: list[DownstreamError], sent: bool
) -> None:
    left = [failure.copy() for failure in failures]

    async def fail(_: Call) -> DownstreamResponse:
        raise left.pop(0)

    error = run(failure_of(Retry(RetryBudget(clock), attempts=3)(fail)(a_call(clock))))

    assert left == []
    assert error.sent is sent


def test_a_write_refused_by_any_policy_was_never_sent(clock: FakeClock, run: Run) -> None:
    service = ScriptedService(1.0)
    send = apply_policies(
        service,
        call_deadline(2.0),
        Retry(RetryBudget(clock)),
        Bulkhead("results", max_in_flight=1, max_waiting=1),
        Breaker("results", clock),
        attempt_timeout(2.0),
    )

    async def scene() -> list[DownstreamError]:
        calls = [a_call(clock, method="POST", seconds=seconds) for seconds in (2.0, 0.06, 2.0, 0.0)]
        tasks = [asyncio.ensure_future(send(call)) for call in calls]
        return [await failure_of(task) for task in tasks[1:]]

    errors = run(scene())

    assert [error.sent for error in errors] == [False] * 3
    assert len(service.calls) == 1
