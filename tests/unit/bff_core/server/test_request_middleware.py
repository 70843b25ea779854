"""Around every request: its id, its one log line, its count."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
import structlog
from quart import Quart
from quart.typing import TestClientProtocol as Client
from werkzeug.datastructures import Headers as ManyHeaders

from bff_core.observability import Metrics, configure_logs
from bff_core.server import ErrorHandlers, RequestMiddleware
from bff_core.server.asgi import ConcurrencyLimiter
from bff_core.testing import FakeClock
from tests import plain_logs

Headers = dict[str, str]
Lines = Callable[[], list[dict[str, Any]]]
GIVEN = "6d0f5e0a-1f2b-4f5e-9a57-7a5d0f3d9c11"
PATHS = ["/v1/things", "/v1/open", "/nothing", "/healthz", "/metrics", "/openapi.json", "/docs"]


@pytest.mark.parametrize("path", PATHS)
async def test_valid_id_comes_back_on_every_answer(client: Client, path: str) -> None:
    answer = await client.get(path, headers={"X-Correlation-ID": GIVEN})

    assert answer.headers.getlist("X-Correlation-ID") == [GIVEN]


@pytest.mark.parametrize(
    "given", ["", "odd", "1", f"{GIVEN}x", f"{GIVEN},{GIVEN}", "å", "x" * 5000]
)
async def test_odd_id_is_replaced(client: Client, given: str) -> None:
    answer = await client.get("/v1/open", headers={"X-Correlation-ID": given})

    assert UUID(answer.headers["X-Correlation-ID"]).version == 4


async def test_repeated_id_is_replaced(client: Client) -> None:
    headers = ManyHeaders([("X-Correlation-ID", GIVEN)] * 2)

    answer = await client.get("/v1/open", headers=headers)

    assert answer.headers["X-Correlation-ID"] != GIVEN


async def test_missing_ids_are_made_anew(client: Client) -> None:
    answers = [await client.get("/v1/open") for _ in range(2)]

    assert len({answer.headers["X-Correlation-ID"] for answer in answers}) == 2


async def test_answer_that_brings_an_id_keeps_only_the_request_s(metrics: Metrics) -> None:
    async def forwarding(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"X-Correlation-Id", b"theirs"), (b"x-other", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    started = await first_message(forwarding, metrics)

    assert started["headers"] == [(b"x-other", b"1"), (b"x-correlation-id", GIVEN.encode())]


async def first_message(
    app: Any, metrics: Metrics, kind: str = "http", http_version: str = "1.1"
) -> Any:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    headers = [(b"x-correlation-id", GIVEN.encode())]
    scope = {
        "type": kind,
        "method": "GET",
        "path": "/",
        "http_version": http_version,
        "headers": headers,
    }
    errors = ErrorHandlers("things", FakeClock())
    middleware = RequestMiddleware(app, metrics, ConcurrencyLimiter(1, 1, metrics), errors)
    await middleware(scope, receive, send)
    return sent[0]


async def test_websocket_is_refused(app: Quart, metrics: Metrics) -> None:
    assert (await first_message(app.asgi_app, metrics, "websocket"))["type"] == "websocket.close"


@pytest.fixture
def lines() -> Iterator[Lines]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logs(service="example_service", environment="testing")
    written = io.BytesIO()
    # A cached logger would outlive this test.
    factory = structlog.BytesLoggerFactory(written)
    structlog.configure(logger_factory=factory, cache_logger_on_first_use=False)
    yield lambda: [json.loads(line) for line in taken(written).splitlines()]
    plain_logs.configure()
    root.handlers[:] = handlers
    root.setLevel(level)


def taken(written: io.BytesIO) -> bytes:
    text = written.getvalue()
    written.seek(0)
    written.truncate()
    return text


async def test_request_is_one_line_with_what_operators_need(
    client: Client, as_teacher: Headers, lines: Lines
) -> None:
    await client.get("/v1/things?limit=3", headers=as_teacher | {"X-Correlation-ID": GIVEN})

    (line,) = lines()
    assert line.pop("duration_ms") >= 0
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "request",
        "level": "info",
        "service.name": "example_service",
        "deployment.environment": "testing",
        "method": "GET",
        "route": "/v1/things",
        "status": 200,
        "correlation_id": GIVEN,
        "user_id": "teacher-1",
    }


async def test_no_line_holds_a_token_or_a_path(
    client: Client, as_teacher: Headers, lines: Lines
) -> None:
    for path in ("/v1/things", "/v1/things/secret-77?token=secret-77", "/secret-77"):
        await client.get(path, headers=as_teacher)
        await client.post(path, data=b"secret-77", headers=as_teacher)

    logged = json.dumps(lines())
    assert "secret-77" not in logged
    assert as_teacher["Authorization"].removeprefix("Bearer ") not in logged
    assert "eyJ" not in logged


async def test_quiet_routes_are_logged_only_when_they_fail(
    app: Quart, client: Client, lines: Lines
) -> None:
    for path in ("/healthz", "/ready", "/metrics"):
        await client.get(path)
    assert lines() == []

    app.extensions["bff_core.lifecycle"].drain()
    await client.get("/ready")
    assert [line["route"] for line in lines() if line["event"] == "request"] == ["/ready"]


async def test_a_poll_that_finds_nothing_new_is_logged_only_for_debugging(
    metrics: Metrics, lines: Lines
) -> None:
    async def unchanged(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 304, "headers": []})

    written = []
    for level in (logging.INFO, logging.DEBUG):
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(level))
        await first_message(unchanged, metrics)
        written.append([line["status"] for line in lines()])

    assert written == [[], [304]]


async def test_requests_are_counted_by_template_with_bounded_labels(
    client: Client, as_admin: Headers, metrics: Metrics
) -> None:
    for number in range(5):
        await client.get(f"/v1/things/{number}", headers=as_admin)
        await client.get(f"/nothing/{number}")
        await client.open("/v1/open", method=f"ODD{number}")  # type: ignore[call-arg]  # the protocol lacks a default of Quart's

    text = metrics.render().decode()
    counts = [line for line in text.splitlines() if line.startswith("example_http_requests_total")]
    assert counts == [
        'example_http_requests_total{method="GET",route="/v1/things/<thing_id>",status="200"} 5.0',
        'example_http_requests_total{method="GET",route="unmatched",status="404"} 5.0',
        'example_http_requests_total{method="OTHER",route="unmatched",status="405"} 5.0',
    ]
    assert "example_http_requests_in_flight 0.0" in text
    assert "admin-1" not in text


async def test_other_version_of_http_is_refused(metrics: Metrics) -> None:
    async def app(*_: Any) -> None:
        raise AssertionError("the app sees no HTTP/2")

    started = await first_message(app, metrics, http_version="2")

    assert started["status"] == 505
