"""A balance of zero is believed only if a check of the account finds none either."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from aioresponses import CallbackResult

from bff_core.client import ServiceClient
from bff_core.clock import SystemClock
from bff_core.context import Deadline, RequestContext
from bff_core.errors import DownstreamError, DownstreamFailed, DownstreamTimeout
from bff_core.settings import Operation
from bff_core.testing import FakeClock
from services.bff_teacher.clients.entitlements import HttpCredits
from services.bff_teacher.contracts.entitlements import Balance
from tests.aioresponses_compat import MockedDownstream, MockedResponse
from tests.unit.service_clients import ANY_URL, RULE, USER, credentials_in, the_request

EMPTY = {"user_balance": 0, "org_balance": None, "org_id": None}
NONE_LEFT = {
    "allowed": False,
    "reason": "insufficient_credits",
    "required_credits": 3,
    "available_credits": 0,
    "source": None,
}
DENIALS = [
    NONE_LEFT | {"reason": "system_error"},
    NONE_LEFT | {"reason": "rate_limit_exceeded"},
    NONE_LEFT | {"reason": None},
    NONE_LEFT | {"available_credits": 2},
    NONE_LEFT | {"allowed": True, "reason": None, "available_credits": 40, "source": "user"},
]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def balances(client: ServiceClient, clock: FakeClock) -> AsyncIterator[HttpCredits]:
    balances = HttpCredits(client, clock, balance=RULE, check=RULE)
    yield balances
    await balances.aclose()


def checks_in(downstream: MockedDownstream) -> int:
    calls: dict[Any, list[Any]] = downstream.requests
    return sum(len(made) for (method, _), made in calls.items() if method == "POST")


async def test_a_balance_is_read_without_credentials(
    balances: HttpCredits, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload={"user_balance": 847, "org_balance": 12, "org_id": "o-1"})

    found = await balances.balance(ctx)

    assert found.value == Balance(847, 12)
    assert the_request(downstream).line == f"GET /v1/entitlements/balance/{USER}"
    assert credentials_in(the_request(downstream)) == {}


async def test_a_zero_that_a_check_confirms_is_a_zero(
    balances: HttpCredits, ctx: RequestContext, downstream: MockedDownstream, clock: FakeClock
) -> None:
    downstream.get(ANY_URL, payload=EMPTY, repeat=True)
    downstream.post(ANY_URL, payload=NONE_LEFT, repeat=True)

    found = [await balances.balance(ctx) for _ in range(3)]
    checks = checks_in(downstream)
    clock.advance(11)
    await balances.balance(ctx)

    assert {one.value for one in found} == {Balance(0)}
    assert (checks, checks_in(downstream)) == (1, 2)


@pytest.mark.parametrize("check", DENIALS)
async def test_a_zero_that_no_check_confirms_is_unknown(
    balances: HttpCredits, ctx: RequestContext, downstream: MockedDownstream, check: dict[str, Any]
) -> None:
    downstream.get(ANY_URL, payload=EMPTY, repeat=True)
    downstream.post(ANY_URL, payload=check)

    for _ in range(2):
        with pytest.raises(DownstreamFailed) as raised:
            await balances.balance(ctx)
        assert raised.value.fields == {"reason": "unconfirmed_zero"}

    assert checks_in(downstream) == 1


async def test_a_zero_is_unknown_while_no_check_can_be_made(
    balances: HttpCredits, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload=EMPTY, repeat=True)
    downstream.post(ANY_URL, status=500)
    downstream.post(ANY_URL, payload=NONE_LEFT)

    with pytest.raises(DownstreamError):
        await balances.balance(ctx)

    assert (await balances.balance(ctx)).value == Balance(0)


async def test_a_check_that_cannot_begin_costs_only_the_part(
    balances: HttpCredits, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload=EMPTY)
    await balances.aclose()

    with pytest.raises(DownstreamTimeout):
        await balances.balance(ctx)


async def test_a_caller_without_time_ends_no_check_that_others_wait_for(
    client: ServiceClient, ctx: RequestContext, downstream: MockedDownstream, clock: FakeClock
) -> None:
    patient = Operation(budget=20.0)
    asked, answered = asyncio.Event(), asyncio.Event()

    async def check(_url: object, **_: object) -> CallbackResult:
        asked.set()
        await answered.wait()
        return CallbackResult(payload=NONE_LEFT, response_class=MockedResponse)

    downstream.get(ANY_URL, payload=EMPTY, repeat=True)
    downstream.post(ANY_URL, callback=check)
    hurried = replace(ctx, deadline=Deadline.after(0.5, SystemClock()))
    waiting = replace(ctx, deadline=Deadline.after(30.0, SystemClock()))
    async with aclosing(HttpCredits(client, clock, balance=patient, check=patient)) as balances:
        async with asyncio.timeout(30):
            first = asyncio.create_task(balances.balance(hurried))
            await asked.wait()
            second = asyncio.create_task(balances.balance(waiting))
            with pytest.raises(DownstreamTimeout):
                await first
            answered.set()
            found = await second

    assert found.value == Balance(0)
    assert checks_in(downstream) == 1


async def test_a_check_is_made_again_after_a_change(
    balances: HttpCredits, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload=EMPTY, repeat=True)
    downstream.post(ANY_URL, payload=NONE_LEFT, repeat=True)
    await balances.balance(ctx)
    balances.forget(ctx.user_id)
    await balances.balance(ctx)

    assert checks_in(downstream) == 2


async def test_the_check_asks_for_the_user_alone_and_for_what_has_no_limit(
    balances: HttpCredits, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload=EMPTY)
    downstream.post(ANY_URL, payload=NONE_LEFT)

    await balances.balance(ctx)

    ((made,),) = [calls for (method, _), calls in downstream.requests.items() if method == "POST"]
    expected = f'{{"user_id":"{USER}","metric":"ai_editor_revision","amount":1}}'
    assert made.kwargs["data"] == expected.encode()
