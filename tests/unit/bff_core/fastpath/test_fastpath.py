"""Reads on the fast path are answered exactly as those that go through Quart."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import wraps
from typing import Any

import pytest
from dishka import FromDishka
from quart import Blueprint, Quart, Response, request, request_started
from quart.typing import TestClientProtocol as Client
from quart_dishka import inject as library_inject
from structlog.testing import capture_logs

from bff_core.errors import NotFound, Unavailable
from bff_core.observability import Metrics
from bff_core.server import access, for_unsafe_methods, inject, returns
from bff_core.testing import CORRELATION_ID, access_token, bearer
from tests.unit.bff_core.server.conftest import RowV1, Things, client, make_app, metrics, things

__all__ = ["client", "make_app", "metrics", "things"]

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


@pytest.fixture
def fast_path() -> str:
    return "true"


@pytest.fixture
def app(make_app: Callable[[], Quart]) -> Quart:
    return make_app()


@pytest.mark.parametrize("path", ["/v1/things", "/bff/v1/things?limit=3&offset=1"])
async def test_a_plain_read_is_not_dispatched_by_quart(
    client: Client, dispatched: Dispatched, path: str
) -> None:
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
    make_app: Callable[..., Quart], things: Things, path: str, headers: Headers, error: Any
) -> None:
    things.error = error
    apps = [make_app(FAST_PATH=setting) for setting in ("true", "false")]

    answers = [await app.test_client().get(path, headers=headers) for app in apps]

    fast, slow = [
        (one.status_code, sorted(one.headers.items()), await one.get_data()) for one in answers
    ]
    assert fast == slow


@pytest.mark.parametrize("method", ["HEAD", "POST", "DELETE"])
async def test_other_methods_are_dispatched_by_quart(
    client: Client, dispatched: Dispatched, method: str
) -> None:
    await client.open("/v1/things", method=method, headers=TEACHER)  # type: ignore[call-arg]  # the protocol lacks a default of Quart's

    assert len(dispatched) == 1


async def test_a_hook_that_may_concern_reads_closes_the_fast_path(
    app: Quart, dispatched: Dispatched
) -> None:
    @app.before_request
    async def hook() -> None: ...

    await app.test_client().get("/v1/things", headers=TEACHER)

    assert len(dispatched) == 1


async def test_a_hook_for_unsafe_methods_does_not(app: Quart, dispatched: Dispatched) -> None:
    @app.before_request
    @for_unsafe_methods
    async def about_writes() -> None: ...

    await app.test_client().get("/v1/things", headers=TEACHER)

    assert dispatched == []


async def test_a_route_injected_by_another_library_is_dispatched_by_quart(
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


async def test_a_route_that_writes_its_answer_itself_is_dispatched_by_quart(
    make_app: Callable[..., Quart], dispatched: Dispatched
) -> None:
    """A decorator of a service may read the request, whatever it is put around."""
    blueprint = Blueprint("own", __name__)

    def own_answer(view: Callable[..., Awaitable[str]]) -> Callable[..., Awaitable[Response]]:
        @wraps(view)
        async def answered(*args: Any, **kwargs: Any) -> Response:
            return Response(f"{await view(*args, **kwargs)} at {request.path}")

        return answered

    @blueprint.get("/v1/own")
    @access("teacher")
    @own_answer
    @inject
    async def own(things: FromDishka[Things]) -> str:
        return f"{len(things.parts)} parts"

    answer = await make_app(blueprint).test_client().get("/v1/own", headers=TEACHER)

    assert (answer.status_code, len(dispatched)) == (200, 1)
    assert (await answer.get_data(as_text=True)).endswith("parts at /v1/own")


async def test_a_crash_is_logged_and_counted_once(
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


async def test_a_client_that_disconnects_cancels_the_view(app: Quart, things: Things) -> None:
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
