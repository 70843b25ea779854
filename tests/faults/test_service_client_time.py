"""The client in time: no call outlives its budget, its deadline or its caller."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest

from bff_core.client import ServiceClient, http_session
from bff_core.clock import SystemClock
from bff_core.errors import (
    DownstreamTimeout,
)
from bff_core.settings import Downstream
from bff_core.testing import ANY, Reply, StubServer, a_client_runtime, a_context, stub_server
from tests.faults.class_list import Page, endpoint, failure


@pytest.fixture
async def stub() -> AsyncIterator[StubServer]:
    async with stub_server() as stub:
        yield stub


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with http_session() as session:
        yield session


@pytest.fixture
def client(stub: StubServer, session: aiohttp.ClientSession) -> ServiceClient:
    return ServiceClient(session, Downstream(name="cms", url=stub.url), a_client_runtime())


@pytest.mark.parametrize(
    "reply",
    [Reply(hang=True), Reply(delay=5.0), Reply(body=b" ", times=100, pause=0.1)],
    ids=["hang", "late", "drip"],
)
async def test_slow_answer_ends_with_its_budget(
    client: ServiceClient, stub: StubServer, reply: Reply
) -> None:
    stub.on(ANY, reply)
    started = time.monotonic()

    error = await failure(client, budget=0.2)

    assert isinstance(error, DownstreamTimeout)
    # The soonest answer would come after five.
    assert time.monotonic() - started < 4.0
    await nothing_is_left(stub)


async def test_request_s_own_deadline_is_nearer_than_the_budget(
    client: ServiceClient, stub: StubServer
) -> None:
    stub.on(ANY, Reply(hang=True))
    ctx = a_context(seconds=0.1, clock=SystemClock())

    with pytest.raises(DownstreamTimeout):
        await endpoint(client, budget=60.0).get(ctx, ["v1"])

    await nothing_is_left(stub)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_call_is_made_when_no_time_is_left(
    client: ServiceClient, stub: StubServer, method: str
) -> None:
    with pytest.raises(DownstreamTimeout) as raised:
        await endpoint(client).request(a_context(seconds=0.0), method, ["v1"])

    assert (raised.value.reason, raised.value.sent) == ("no_time_left", False)
    assert stub.requests == []


async def test_a_read_that_others_may_join_is_told_its_own_budget(
    client: ServiceClient, stub: StubServer
) -> None:
    stub.on(ANY, Reply(body=b'{"total": 1}'))

    await endpoint(client, budget=0.9).get(a_context(seconds=60.0, clock=SystemClock()), ["v1"])

    assert 1 <= int(stub.requests[0].headers["x-request-timeout-ms"]) <= 900


async def test_deadline_is_passed_on_and_shrinks(client: ServiceClient, stub: StubServer) -> None:
    stub.on(ANY, Reply(body=b'{"total": 1}', delay=0.1))
    ctx = a_context(seconds=20.0, clock=SystemClock())

    await endpoint(client, budget=20.0).post(ctx, ["v1"], b"{}")
    await endpoint(client, budget=20.0).post(ctx, ["v1"], b"{}")

    first, second = (int(seen.headers["x-request-timeout-ms"]) for seen in stub.requests)
    assert first <= 20_000
    assert second <= first - 90


async def until(claim: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not claim():
            await asyncio.sleep(0.01)


async def nothing_is_left(stub: StubServer) -> None:
    await until(lambda: not stub.open_connections)


async def test_cancelled_call_leaves_no_connection_and_no_task(
    client: ServiceClient, stub: StubServer
) -> None:
    stub.on(ANY, Reply(hang=True))
    before = asyncio.all_tasks()
    call = asyncio.ensure_future(endpoint(client).get(a_context(), ["v1"]))
    await until(lambda: stub.requests)

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    await nothing_is_left(stub)
    assert asyncio.all_tasks() == before
    assert stub.hung_up == 1


async def test_refused_answer_s_connection_is_not_used_again(
    client: ServiceClient, stub: StubServer
) -> None:
    stub.on(ANY, Reply(200, b"x" * 200, times=1_000_000), Reply(body=b'{"total": 1}'))

    await failure(client)
    reading = await endpoint(client).get(a_context(), ["v1"])

    assert reading.value == Page(1)
