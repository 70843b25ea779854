"""What raw bytes do to a service: an answer or a bare refusal, never a crash."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.faults.tiny_process import ENGINES, LIMIT, Running, read_answer, request, service


@pytest.fixture(scope="module", params=ENGINES)
def tiny(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Running]:
    with service(tmp_path_factory.mktemp("tiny"), TINY_SERVICE_SERVER=request.param) as running:
        yield running


async def test_answer_names_no_server_and_bears_its_id(tiny: Running) -> None:
    answer = await tiny.send(request("GET /healthz"))

    assert answer.status == 200
    assert answer.headers.get("server") in {None, "huleedu"}
    assert "x-correlation-id" in answer.headers


async def test_connection_is_kept_for_the_next_request(tiny: Running) -> None:
    reader, writer = await tiny.connect(request("GET /healthz") * 2)

    answers = [await read_answer(reader), await read_answer(reader)]
    writer.close()

    assert [answer.status for answer in answers] == [200, 200]


@pytest.mark.parametrize("scheme", ["http", "HTTP"])
async def test_an_absolute_target_is_its_path(tiny: Running, scheme: str) -> None:
    answer = await tiny.send(request(f"GET {scheme}://other.example:81/healthz?x=1"))

    assert answer.status == 200


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
        request("GET /healthz", "X: " + "y" * 200_000),
        request("POST /v1/notes", "Content-Length: x"),
        request("POST /v1/notes", "Content-Length: 1", "Transfer-Encoding: chunked"),
    ],
    ids=range(5),
)
async def test_what_is_no_http_is_a_bare_refusal(tiny: Running, raw: bytes) -> None:
    answer = await tiny.send(raw)

    assert 400 <= answer.status < 500


@pytest.mark.parametrize("hosts", [[], ["a", "b"]], ids=["no host", "two hosts"])
async def test_host_decides_nothing(tiny: Running, hosts: list[str]) -> None:
    """Hypercorn refuses such a request; Granian lets it through to routes that match by path."""
    lines = "".join(f"Host: {host}\r\n" for host in hosts)

    answer = await tiny.send(f"GET /v1/mine HTTP/1.1\r\n{lines}\r\n".encode())

    assert answer.status in {400, 401}


@pytest.mark.parametrize("protocol", ["websocket", "h2c"])
async def test_upgrade_reaches_no_route(tiny: Running, protocol: str) -> None:
    """Granian ignores the wish and answers 401; Hypercorn switches, and the app refuses."""
    upgrade = request(
        "GET /v1/mine",
        "Connection: Upgrade, HTTP2-Settings",
        f"Upgrade: {protocol}",
        "HTTP2-Settings: AAMAAABkAAQAAP__",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    if protocol == "h2c":
        upgrade += b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"

    reader, writer = await tiny.connect(upgrade)
    async with asyncio.timeout(LIMIT):
        first = await reader.readline()
        await asyncio.sleep(0.2)
    writer.close()

    status = int(first.split()[1])
    metrics = (await tiny.send(request("GET /metrics"))).body.decode()
    served = 'http_requests_total{method="GET",route="/v1/mine",status="200"}'
    refused = 'http_requests_total{method="GET",route="unmatched",status="505"}'
    assert status in {401, 403} or (status == 101 and refused in metrics)
    assert served not in metrics


async def test_caller_that_hangs_up_harms_nobody(tiny: Running) -> None:
    _, writer = await tiny.connect(request("GET /v1/slow"))
    await tiny.until_in_flight(1)
    writer.transport.abort()

    async with asyncio.timeout(LIMIT):
        while not any(line.get("route") == "/v1/slow" for line in tiny.lines()):
            await asyncio.sleep(0.05)

    assert (await tiny.send(request("GET /healthz"))).status == 200
    await tiny.until_idle()


async def test_nothing_above_was_a_crash(tiny: Running) -> None:
    events = {(line["event"], line.get("text", "")[:80]) for line in tiny.lines()}

    assert {event for event, _ in events} <= {"request", "request_failed"}, events
