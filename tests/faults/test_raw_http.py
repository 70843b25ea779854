"""What raw bytes do to a service: an answer or a bare refusal, never a crash."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.faults.tiny_process import LIMIT, Running, read_answer, request, service


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with service(tmp_path_factory.mktemp("tiny")) as running:
        yield running


async def test_answer_names_no_server_and_bears_its_id(tiny: Running) -> None:
    answer = await tiny.send(request("GET /healthz"))

    assert answer.status == 200
    assert "server" not in answer.headers
    assert "x-correlation-id" in answer.headers


async def test_connection_is_kept_for_the_next_request(tiny: Running) -> None:
    reader, writer = await tiny.connect(request("GET /healthz") * 2)

    answers = [await read_answer(reader), await read_answer(reader)]
    writer.close()

    assert [answer.status for answer in answers] == [200, 200]


async def test_head_has_no_body(tiny: Running) -> None:
    answer = await tiny.send(request("HEAD /healthz"))

    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (request("GET //healthz"), 404, "RESOURCE_NOT_FOUND"),
        (request("GET /v1//mine"), 404, "RESOURCE_NOT_FOUND"),
        (request("GET /%ff%00"), 404, "RESOURCE_NOT_FOUND"),
        (request("GET /v1/mine"), 401, "AUTHENTICATION_ERROR"),
        (request("GET /v1/mine", "Authorization: Bearer \xe5"), 401, "AUTHENTICATION_ERROR"),
        (request("GET /v1/mine", "X-User-ID: a", "X-User-ID: b"), 400, "INVALID_REQUEST"),
        (request("DELETE /healthz"), 405, "METHOD_NOT_ALLOWED"),
        (request("OPTIONS *"), 404, "RESOURCE_NOT_FOUND"),
        (request("POST /v1/notes", "Content-Length: 2", body=b"{}"), 415, "UNSUPPORTED_MEDIA_TYPE"),
        (
            request(
                "POST /v1/notes",
                "Content-Type: application/json",
                "Content-Length: 70000",
                body=b"x" * 70_000,
            ),
            413,
            "PAYLOAD_TOO_LARGE",
        ),
        (
            request(
                "POST /v1/notes",
                "Content-Type: application/json",
                "Transfer-Encoding: chunked",
                body=b"11170\r\n" + b"x" * 70_000 + b"\r\n0\r\n\r\n",
            ),
            413,
            "PAYLOAD_TOO_LARGE",
        ),
        (
            request("POST /v1/notes", "Content-Type: application/json", "Content-Length: 9"),
            400,
            "INVALID_REQUEST",
        ),
    ],
    ids=range(12),
)
async def test_refusal_of_raw_bytes_is_the_envelope(
    tiny: Running, raw: bytes, status: int, code: str
) -> None:
    answer = await tiny.send(raw)

    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "host", ["", "a b", "::::", "a/b", "x" * 300, "\xe5", "[::1", "a:b:c", "@"]
)
async def test_odd_host_never_crashes(tiny: Running, host: str) -> None:
    raw = f"GET /v1/mine HTTP/1.1\r\nHost: {host}\r\n\r\n".encode("latin-1")

    answer = await tiny.send(raw)

    assert 400 <= answer.status < 500


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        request("GET /healthz", "X: " + "y" * 200_000),
        request("POST /v1/notes", "Content-Length: x"),
        request("POST /v1/notes", "Content-Length: 1", "Transfer-Encoding: chunked"),
    ],
    ids=range(7),
)
async def test_what_is_no_http_is_a_bare_refusal(tiny: Running, raw: bytes) -> None:
    answer = await tiny.send(raw)

    assert 400 <= answer.status < 500


@pytest.mark.parametrize("protocol", ["websocket", "h2c"])
async def test_upgrade_is_not_taken(tiny: Running, protocol: str) -> None:
    upgrade = request(
        "GET /v1/mine",
        "Connection: Upgrade, HTTP2-Settings",
        f"Upgrade: {protocol}",
        "HTTP2-Settings: AAMAAABkAAQAAP__",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )

    answer = await tiny.send(upgrade)

    assert (answer.status, answer.code) == (401, "AUTHENTICATION_ERROR")


async def test_caller_that_hangs_up_harms_nobody(tiny: Running) -> None:
    _, writer = await tiny.connect(request("GET /v1/slow"))
    await asyncio.sleep(0.2)
    writer.transport.abort()

    async with asyncio.timeout(LIMIT):
        while not any(line.get("route") == "/v1/slow" for line in tiny.lines()):
            await asyncio.sleep(0.05)

    assert (await tiny.send(request("GET /healthz"))).status == 200
    metrics = (await tiny.send(request("GET /metrics"))).body
    assert b"tiny_http_requests_in_flight 1.0" in metrics


async def test_nothing_above_was_a_crash(tiny: Running) -> None:
    events = {(line["event"], line.get("text", "")[:80]) for line in tiny.lines()}

    assert {event for event, _ in events} <= {"request", "request_failed"}, events
