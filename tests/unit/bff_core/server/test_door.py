"""Beyond a bounded number of requests inside, an honest refusal at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from quart.typing import TestClientProtocol as Client

from bff_core.observability import Metrics
from bff_core.testing import CORRELATION_ID
from tests.unit.bff_core.server.conftest import MakeApp, Things

Headers = dict[str, str]
Fill = Callable[[int], Awaitable[list[asyncio.Task[Any]]]]


@pytest.fixture
async def full(make_app: MakeApp) -> AsyncIterator[Client]:
    """A service that answers two at a time."""
    async with make_app(MAX_IN_FLIGHT="2").test_app() as running:
        yield running.test_client()


@pytest.fixture
def leave(things: Things) -> asyncio.Event:
    """Nobody is answered before it is set."""
    event = asyncio.Event()

    async def wait() -> None:
        await event.wait()

    things.done = wait
    return event


async def crowd(client: Client, headers: Headers, size: int) -> list[asyncio.Task[Any]]:
    asking = [asyncio.create_task(client.get("/v1/things", headers=headers)) for _ in range(size)]
    for _ in range(20):
        await asyncio.sleep(0)
    return asking


async def test_one_too_many_is_refused_in_the_envelope(
    full: Client, as_teacher: Headers, leave: asyncio.Event
) -> None:
    inside = await crowd(full, as_teacher, 2)

    answer = await full.get("/v1/things", headers=as_teacher | {"X-Correlation-ID": CORRELATION_ID})

    error = (await answer.get_json())["error"]
    assert (answer.status_code, error["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert (error["service"], error["correlation_id"]) == ("example_service", CORRELATION_ID)
    assert answer.headers["X-Correlation-ID"] == CORRELATION_ID
    assert (answer.headers["Retry-After"], answer.headers["Cache-Control"]) == ("1", "no-store")
    leave.set()
    assert {(await task).status_code for task in inside} == {200}


@pytest.mark.parametrize("path", ["/healthz", "/ready", "/metrics"])
async def test_who_asks_how_we_are_is_let_in(
    full: Client, as_teacher: Headers, leave: asyncio.Event, path: str
) -> None:
    inside = await crowd(full, as_teacher, 3)

    answer = await full.get(path)

    assert answer.status_code == 200
    leave.set()
    await asyncio.wait(inside)


async def test_who_left_makes_room(
    full: Client, as_teacher: Headers, leave: asyncio.Event, things: Things
) -> None:
    inside = await crowd(full, as_teacher, 2)
    leave.set()
    await asyncio.wait(inside)
    things.error = RuntimeError("a bug")

    statuses = [(await full.get("/v1/things", headers=as_teacher)).status_code for _ in range(3)]

    assert statuses == [500, 500, 500]


async def test_refusals_are_counted(
    full: Client, as_teacher: Headers, leave: asyncio.Event, metrics: Metrics
) -> None:
    asking = await crowd(full, as_teacher, 12)

    leave.set()
    await asyncio.wait(asking)

    assert metrics.registry.get_sample_value("example_http_requests_shed_total") == 10
    labels = {"method": "GET", "route": "unmatched", "status": "503"}
    assert metrics.registry.get_sample_value("example_http_requests_total", labels) == 10
