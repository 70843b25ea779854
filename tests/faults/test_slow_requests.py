"""Requests that arrive slowly, not at all, or are refused while they still arrive."""

import asyncio
from collections.abc import Iterator

import pytest

from bff_core.composition import fan_out
from tests.faults.tiny_process import ENGINES, LIMIT, Running, read_answer, request, service

JSON = "Content-Type: application/json"
LARGE = 4 * 1024 * 1024
PIECE = b"x" * 65_536
HEAD = b"GET /healthz HTTP/1.1\r\nHost: tiny\r\nX-Slow: "


@pytest.fixture(scope="module", params=ENGINES)
def tiny(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Running]:
    with service(tmp_path_factory.mktemp("tiny"), TINY_SERVICE_SERVER=request.param) as running:
        yield running


async def drip(writer: asyncio.StreamWriter, piece: bytes, pause: float) -> None:
    """Send a piece again and again, until cancelled or cut off."""
    while not writer.transport.is_closing():
        writer.write(piece)
        await asyncio.sleep(pause)


async def wait_until_closed(tiny: Running, first: bytes, *, dripping: bytes = b"") -> None:
    reader, writer = await tiny.connect(first)
    dripper = asyncio.create_task(drip(writer, dripping, 0.2))
    try:
        async with asyncio.timeout(LIMIT):
            while await reader.read(1024):
                pass
    except ConnectionResetError:
        pass
    finally:
        dripper.cancel()
        writer.close()


async def test_connection_without_a_whole_head_is_closed_in_time(tiny: Running) -> None:
    used = request("GET /healthz")
    sent = [(b"", b""), (HEAD, b""), (HEAD, b"y"), (used + HEAD, b"y"), (used, b"")]
    async with fan_out() as group:
        for first, more in sent:
            group.create_task(wait_until_closed(tiny, first, dripping=more))


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (request("POST /v1/notes", JSON, "Content-Length: 5000"), b" "),
        (request("POST /v1/notes", JSON, "Transfer-Encoding: chunked"), b"1\r\n \r\n"),
    ],
    ids=["length", "chunked"],
)
async def test_body_that_drips_is_refused_in_time(tiny: Running, head: bytes, piece: bytes) -> None:
    reader, writer = await tiny.connect(head)
    dripper = asyncio.create_task(drip(writer, piece, 0.05))

    # The whole body would take minutes.
    async with asyncio.timeout(LIMIT):
        answer = await read_answer(reader)
    dripper.cancel()
    writer.close()

    assert (answer.status, answer.code) == (400, "INVALID_REQUEST")


async def test_body_that_no_route_reads_does_not_hold_the_connection(tiny: Running) -> None:
    head = request("GET /healthz", "Content-Length: 5000")

    # The whole body would take a quarter of an hour.
    await wait_until_closed(tiny, head, dripping=b"y")


def body_of(size: int, *, chunked: bool) -> Iterator[bytes]:
    for _ in range(size // len(PIECE)):
        yield b"10000\r\n%b\r\n" % PIECE if chunked else PIECE
    if chunked:
        yield b"0\r\n\r\n"


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize(
    ("line", "headers", "status", "code"),
    [
        ("GET /v1/mine", [JSON], 401, "AUTHENTICATION_ERROR"),
        ("POST /v1/nothing", [JSON], 404, "RESOURCE_NOT_FOUND"),
        ("DELETE /healthz", [JSON], 405, "METHOD_NOT_ALLOWED"),
        ("POST /v1/notes", [JSON], 413, "PAYLOAD_TOO_LARGE"),
        ("POST /v1/notes", ["Content-Type: text/plain"], 415, "UNSUPPORTED_MEDIA_TYPE"),
    ],
    ids=[401, 404, 405, 413, 415],
)
async def test_refusal_is_readable_by_a_client_that_sends_on(
    tiny: Running, line: str, headers: list[str], status: int, code: str, *, chunked: bool
) -> None:
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {LARGE}"
    reader, writer = await tiny.connect(request(line, *headers, framing))
    # By now the refusal is decided; a connection closed now would lose it.
    await asyncio.sleep(0.2)
    async with asyncio.timeout(LIMIT):
        for piece in body_of(LARGE, chunked=chunked):
            writer.write(piece)
            await writer.drain()
        answer = await read_answer(reader)
    writer.close()

    assert (answer.status, answer.code) == (status, code)


async def test_nothing_above_was_a_crash(tiny: Running) -> None:
    events = {line["event"] for line in tiny.lines()}

    assert events <= {"request", "request_failed"}, tiny.lines()
