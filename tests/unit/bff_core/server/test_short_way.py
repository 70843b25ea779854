"""Reads that go below the framework are answered exactly as those that do not."""

import asyncio
import gc
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from dishka import FromDishka
from quart import Blueprint, Quart, request_started
from quart.typing import TestClientProtocol as Client
from quart_dishka import inject as library_inject
from structlog.testing import capture_logs

from bff_core.errors import NotFound, Unavailable
from bff_core.observability import Metrics
from bff_core.server import access, returns, spares_reads
from bff_core.server.caller import CALLER, Caller
from bff_core.testing import CORRELATION_ID, access_token, bearer
from tests.unit.bff_core.server.conftest import RowV1, Things

Headers = dict[str, str]
Dispatched = list[object]

TEACHER = {"Authorization": bearer(access_token()), "X-Correlation-ID": CORRELATION_ID}


@pytest.fixture
def dispatched() -> Iterator[Dispatched]:
    """One entry for each request that the framework has handled."""
    seen: Dispatched = []

    async def note(sender: object, **_: object) -> None:
        seen.append(sender)

    with request_started.connected_to(note):
        yield seen


def make_the_framework_do_it(app: Quart) -> None:
    @app.before_request
    async def somebody_s_hook() -> None: ...


@pytest.mark.parametrize("path", ["/v1/things", "/bff/v1/things?limit=3&offset=1"])
async def test_a_read_goes_the_short_way(client: Client, dispatched: Dispatched, path: str) -> None:
    answer = await client.get(path, headers=TEACHER)

    assert (answer.status_code, dispatched) == (200, [])


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/things", TEACHER),
        ("/bff/v1/things?limit=3&kind=big", TEACHER),
        ("/v1/things?limit=%C3%A5&kind=%ff&limit=2&odd", TEACHER),
        ("/v1/things?limit=1&limit=2", TEACHER),
        ("/v1/things/abc", TEACHER),
        ("/v1/things/a%2Fb", TEACHER),
        ("/v1/things/", TEACHER),
        ("//v1/things", TEACHER),
        ("/v1/things", {"X-Correlation-ID": CORRELATION_ID}),
        ("/v1/things", TEACHER | {"X-User-ID": "teacher-2"}),
        ("/v1/things", TEACHER | {"Content-Length": "0"}),
    ],
)
@pytest.mark.parametrize("error", [None, NotFound(), Unavailable(retry_after=3), KeyError("x")])
async def test_both_ways_answer_the_same(
    make_app: Callable[[], Quart], things: Things, path: str, headers: Headers, error: Any
) -> None:
    things.error = error
    short, long = make_app(), make_app()
    make_the_framework_do_it(long)

    answers = [await app.test_client().get(path, headers=headers) for app in (short, long)]

    told = [(one.status_code, sorted(one.headers.items()), await one.get_data()) for one in answers]
    assert told[0] == told[1]


@pytest.mark.parametrize("method", ["HEAD", "POST", "DELETE"])
async def test_other_methods_are_the_framework_s(
    client: Client, dispatched: Dispatched, method: str
) -> None:
    await client.open("/v1/things", method=method, headers=TEACHER)

    assert len(dispatched) == 1


async def test_a_hook_that_may_mind_reads_closes_the_way(
    app: Quart, dispatched: Dispatched
) -> None:
    make_the_framework_do_it(app)

    await app.test_client().get("/v1/things", headers=TEACHER)

    assert len(dispatched) == 1


async def test_a_hook_that_spares_reads_does_not(app: Quart, dispatched: Dispatched) -> None:
    @app.before_request
    @spares_reads
    async def about_writes() -> None: ...

    await app.test_client().get("/v1/things", headers=TEACHER)

    assert dispatched == []


async def test_a_route_that_asks_the_framework_is_left_to_it(
    make_app: Callable[..., Quart], dispatched: Dispatched
) -> None:
    blueprint = Blueprint("old", __name__)

    @blueprint.get("/v1/old")
    @access("teacher")
    @returns(RowV1)
    @library_inject
    async def old(things: FromDishka[Things]) -> RowV1:
        return RowV1(thing_id=CORRELATION_ID, count=len(things.parts))

    answer = await make_app(blueprint).test_client().get("/v1/old", headers=TEACHER)

    assert (answer.status_code, len(dispatched)) == (200, 1)


async def test_a_crash_is_told_and_counted_once(
    client: Client, things: Things, metrics: Metrics
) -> None:
    things.error = KeyError("secret")

    with capture_logs() as lines:
        answer = await client.get("/v1/things", headers=TEACHER)

    crashes = [line for line in lines if line["event"] == "request_crashed"]
    failures = {"code": "UNKNOWN_ERROR", "reason": "none"}
    assert answer.status_code == 500
    assert [repr(crash["exc_info"]) for crash in crashes] == ["KeyError('secret')"]
    assert metrics.registry.get_sample_value("example_failures_total", failures) == 1


async def test_a_caller_who_hangs_up_ends_the_work(app: Quart, things: Things) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def for_ever() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    things.done = for_ever
    sent: list[Any] = []

    async def receive() -> Any:
        await began.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    async with asyncio.timeout(5):
        await app(a_scope("/v1/things"), receive, send)

    assert (ended.is_set(), sent) == (True, [])


def a_scope(path: str) -> Any:
    headers = [(name.lower().encode(), value.encode()) for name, value in TEACHER.items()]
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "query_string": b"",
        "headers": headers,
    }


@pytest.mark.parametrize("server", ["ours", "another"])
async def test_a_read_leaves_nothing_to_the_garbage_collector(
    make_app: Callable[[], Quart], things: Things, server: str
) -> None:
    """Cycles would pile up between two collections: memory that grows by the burst."""
    app, things.done = make_app().asgi_app, partial(asyncio.sleep, 0)
    statuses: list[int] = []

    async def send(message: Any) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    async def read() -> None:
        state = {CALLER: Caller()} if server == "ours" else {}
        await app(a_scope("/v1/things") | {"state": state}, asyncio.Queue().get, send)  # type: ignore[arg-type]  # typed more loosely
        await asyncio.sleep(0)

    await read()
    gc.collect()
    gc.disable()
    try:
        for _ in range(100):
            await read()
        assert gc.collect() < 100
    finally:
        gc.enable()
    assert statuses == [200] * 101
