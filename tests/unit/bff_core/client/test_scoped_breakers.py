"""Breakers of a service and of its operations: each failure counts in one place."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest
from msgspec.structs import replace

from bff_core.client.call import Call, DownstreamResponse, Send
from bff_core.client.pipeline import apply_policies
from bff_core.client.policies.observer import BreakerState
from bff_core.client.policies.scoped_breakers import OperationBreaker, ServiceBreaker
from bff_core.errors import (
    CircuitOpen,
    DownstreamError,
    DownstreamFailed,
    DownstreamRefused,
    DownstreamTimeout,
    DownstreamUnreachable,
)
from bff_core.testing.clock import FakeClock
from tests.pipeline_kit import Run, ScriptedService, a_call

CLOSED, OPEN = BreakerState.CLOSED, BreakerState.OPEN
WRONG = DownstreamFailed("cms", upstream_status=500)
AWAY = [DownstreamUnreachable("cms"), DownstreamFailed("cms", upstream_status=503)]


class Service:
    """A service with two operations, each behind the breakers of both scopes."""

    def __init__(self, clock: FakeClock, lag: Callable[[float], float] = lambda _: 0.0) -> None:
        self.clock = clock
        self.whole = ServiceBreaker("cms", clock, jitter=lambda: 0.5, lag=lag)
        self.infos, self.lists = ScriptedService(), ScriptedService()
        self.info = OperationBreaker(
            "cms", clock, operation="class_info", jitter=lambda: 0.5, lag=lag
        )
        self.list = OperationBreaker("cms", clock, operation="classes", jitter=lambda: 0.5, lag=lag)
        self.ask_info: Send = apply_policies(self.infos, self.whole, self.info)
        self.ask_list: Send = apply_policies(self.lists, self.whole, self.list)

    async def ask(self, send: Send, times: int = 1, call: Call | None = None) -> None:
        for _ in range(times):
            with suppress(DownstreamError):
                await send(call or a_call(self.clock))

    async def answered(self) -> None:
        await self.ask(self.ask_info)
        await self.ask(self.ask_list)


@pytest.fixture
def service(clock: FakeClock) -> Service:
    return Service(clock)


@pytest.mark.parametrize("answered_before", [False, True])
def test_an_operation_that_always_fails_rests_alone(
    service: Service, run: Run, *, answered_before: bool
) -> None:
    async def dashboards() -> None:
        if answered_before:
            await service.answered()
        service.infos.play(WRONG)
        for _ in range(40):
            await service.ask(service.ask_info, 6)
            await service.ask(service.ask_list)

    run(dashboards())

    assert (service.info.state, service.list.state, service.whole.state) == (OPEN, CLOSED, CLOSED)
    assert len(service.lists.calls) == 40 + answered_before


@pytest.mark.parametrize("away", AWAY)
def test_a_service_that_is_away_rests_as_a_whole(
    service: Service, run: Run, away: DownstreamError
) -> None:
    service.infos.play(away)

    run(service.ask(service.ask_info, 20))

    assert (service.whole.state, service.info.state) == (OPEN, CLOSED)
    with pytest.raises(CircuitOpen):
        run(service.ask_list(a_call(service.clock)))


def late(_: Call) -> DownstreamResponse:
    raise DownstreamTimeout("cms")


def test_a_service_that_hangs_everywhere_rests_as_a_whole(service: Service, run: Run) -> None:
    run(service.answered())
    service.infos.play(late)

    run(service.ask(service.ask_info, 20))

    assert service.whole.state is OPEN


def test_an_operation_that_hangs_while_others_answer_rests_alone(
    service: Service, clock: FakeClock, run: Run
) -> None:
    def late_while_others_answer(_: Call) -> DownstreamResponse:
        raise DownstreamTimeout("cms")

    async def hang(call: Call) -> DownstreamResponse:
        await asyncio.sleep(0.5)
        return late_while_others_answer(call)

    send = apply_policies(hang, service.whole, service.info)

    async def dashboard() -> None:
        slow = asyncio.create_task(service.ask(send))
        await asyncio.sleep(0.1)
        await service.ask(service.ask_list)
        await slow

    async def dashboards() -> None:
        await service.answered()
        for _ in range(30):
            await dashboard()

    run(dashboards())

    assert (service.info.state, service.whole.state) == (OPEN, CLOSED)


def test_an_operation_that_never_answered_is_asked_once_a_minute(
    service: Service, clock: FakeClock, run: Run
) -> None:
    service.infos.play(WRONG)

    async def ten_minutes() -> int:
        await service.ask(service.ask_info, 50)
        first = len(service.infos.calls)
        for _ in range(600):
            clock.advance(1.0)
            await service.ask(service.ask_info, 3)
        return first

    first = run(ten_minutes())

    assert first == 3
    assert len(service.infos.calls) - first in {9, 10}
    assert service.whole.state is CLOSED


def test_its_first_answer_ends_that_at_once(service: Service, clock: FakeClock, run: Run) -> None:
    service.infos.play(WRONG)
    run(service.ask(service.ask_info, 3))
    service.infos.play(DownstreamRefused("cms", upstream_status=404, spoke_json=True))
    clock.advance(60.0)

    run(service.ask(service.ask_info))

    assert service.info.state is CLOSED


def test_an_operation_that_has_answered_may_fail_a_few_times(service: Service, run: Run) -> None:
    run(service.answered())
    service.infos.play(WRONG)

    run(service.ask(service.ask_info, 18))

    assert service.info.state is CLOSED


def test_late_first_answers_are_not_wrong_ones(service: Service, run: Run) -> None:
    service.infos.play(late)

    run(service.ask(service.ask_info, 19))

    assert service.info.state is CLOSED


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_failure_that_a_body_can_cause_is_neutral(
    service: Service, clock: FakeClock, run: Run, status: int
) -> None:
    service.infos.play(DownstreamFailed("cms", upstream_status=status))
    written = replace(a_call(clock, method="PUT"), body=b'{"n": 1e999}')

    run(service.ask(service.ask_info, 100, written))

    assert (service.info.state, service.whole.state) == (CLOSED, CLOSED)
    assert len(service.infos.calls) == 100


def test_a_timeout_while_our_loop_lagged_is_neutral(clock: FakeClock, run: Run) -> None:
    service = Service(clock, lag=lambda _: 0.6)
    service.infos.play(late)

    run(service.ask(service.ask_info, 100))

    assert (service.info.state, service.whole.state) == (CLOSED, CLOSED)


def test_a_timeout_with_a_little_lag_counts(clock: FakeClock, run: Run) -> None:
    service = Service(clock, lag=lambda _: 0.1)
    service.infos.play(late)

    run(service.ask(service.ask_info, 20))

    assert service.info.state is OPEN
