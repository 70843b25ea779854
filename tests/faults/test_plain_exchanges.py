"""Exchanges that h11 is told nothing of, or late: callers get the bytes that h11 would send."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import h11
import hypercorn.asyncio.tcp_server
import pytest
from hypercorn.asyncio import serve
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config

from bff_core.composition import fan_out
from bff_core.server.http11 import Ending, Http11
from bff_core.server.quick_http11 import QuickHttp11
from tests.faults.tiny_process import LIMIT, free_port, request

PAUSE = 0.15
LARGE = b"y" * 300_000
Send = Callable[[dict[str, Any]], Awaitable[None]]
CONNECTIONS: list[weakref.ref[Http11]] = []
Session = list[bytes]
"""What the caller sends, with a pause before each piece but the first."""


def start(status: int = 200, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(data: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


def length(count: int) -> tuple[bytes, bytes]:
    return (b"content-length", b"%d" % count)


ANSWERS = {
    "/whole": [start(200, (b"content-type", b"text/plain"), length(5)), body(b"whole")],
    "/title": [start(404, (b"Content-Length", b"5")), body(b"title")],
    "/two": [start(200, length(6)), body(b"two", more=True), body(b"two")],
    "/late-end": [start(200, length(4)), body(b"late", more=True), body(b"")],
    "/stream": [start(200), body(b"one", more=True), body(b"two")],
    "/none": [start(204)],
    "/empty": [start(200, length(0)), body(b"")],
    "/unchanged": [start(304, (b"etag", b'"a"')), body(b"")],
    "/last": [start(200, length(4), (b"connection", b"close")), body(b"last")],
    "/large": [start(200, length(len(LARGE))), body(LARGE)],
    "/short": [start(200, length(9)), body(b"short")],
    "/long": [start(200, length(2)), body(b"long")],
    "/over": [start(200, length(4)), body(b"over", more=True), body(b"over")],
    "/split": [start(200, length(2), (b"a", b"b\r\nc: d")), body(b"no")],
    "/bodiless": [start(200, length(5))],
    "/silent": [],
}


async def app(scope: Any, receive: Any, send: Send) -> None:
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["path"] == "/slow":
        await asyncio.sleep(2 * PAUSE)
        told = repr((scope["raw_path"], scope["query_string"], scope["headers"])).encode()
        await send(start(200, length(len(told))))
        await send(body(told))
        return
    if scope["path"] == "/echo":
        told = (await receive())["body"]
        await send(start(200, length(len(told))))
        await send(body(told))
        return
    for message in ANSWERS[scope["path"]]:
        await send(message)


@asynccontextmanager
async def serving(patch: pytest.MonkeyPatch) -> AsyncIterator[tuple[int, int]]:
    """The ports of two servers of one app: one with h11 alone, and ours."""
    ports = {free_port(): Http11, free_port(): QuickHttp11}

    def speak(*given: Any) -> Http11:
        (_, port) = given[7]
        connection = ports[port](*given[:-1])
        CONNECTIONS.append(weakref.ref(connection))
        return connection

    patch.setattr(hypercorn.asyncio.tcp_server, "ProtocolWrapper", speak)
    patch.setattr(WorkerContext, "event_class", Ending)
    config, stop = Config(), asyncio.Event()
    config.bind = [f"127.0.0.1:{port}" for port in ports]
    config.include_date_header = config.include_server_header = False
    config.errorlog = None
    config.keep_alive_max_requests = 6
    server: Any = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait))  # type: ignore[arg-type]
    try:
        async with asyncio.timeout(LIMIT):
            while not all([await _listens(port) for port in ports]):
                await asyncio.sleep(0.02)
        yield tuple(ports)  # type: ignore[misc]
    finally:
        stop.set()
        await server


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def said(port: int, session: Session) -> bytes:
    """All that comes back until the server closes, or says nothing more for some time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = asyncio.create_task(_heard(reader))
    for number, piece in enumerate(session):
        if number:
            await asyncio.sleep(PAUSE)
        writer.write(piece)
    async with asyncio.timeout(LIMIT):
        found = await heard
    writer.close()
    return found


async def _heard(reader: asyncio.StreamReader) -> bytes:
    found = b""
    try:
        while True:
            async with asyncio.timeout(10 * PAUSE):
                data = await reader.read(2**16)
            if not data:
                return found + b"<closed>"
            found += data
    except (TimeoutError, ConnectionError):
        return found


def get(path: str, *headers: str) -> bytes:
    return request(f"GET {path}", *headers)


SESSIONS: dict[str, Session] = {
    **{path: [get(path), get("/whole")] for path in ANSWERS},
    "one after the other": [get("/whole")] * 4,
    "both at once": [get("/whole") + get("/title")],
    "the next too early": [get("/slow?a=b", "X: y"), get("/whole") + get("/stream"), get("/slow")],
    "in two pieces": [get("/whole")[:20], get("/whole")[20:], get("/title")],
    "the next begun too early": [get("/slow"), get("/whole")[:20], get("/whole")[20:]],
    "a body between": [
        get("/whole"),
        request("POST /echo", "Content-Length: 3", body=b"abc"),
        get("/whole"),
    ],
    "the wish to stay": [get("/whole", "Connection: keep-alive"), get("/whole")],
    "the wish to close": [get("/whole", "Connection: close"), get("/whole")],
    "a head": [request("HEAD /whole"), get("/whole")],
    "an old version": [b"GET /whole HTTP/1.0\r\nHost: x\r\n\r\n", get("/whole")],
    "rubbish after": [get("/whole"), b"\x00\x01\r\n\r\n"],
    "rubbish during": [get("/slow"), b"\x00\x01\r\n\r\n"],
    "no host": [b"GET /whole HTTP/1.1\r\n\r\n"],
    "as many as may come": [get("/whole") for _ in range(8)],
    "as many of h11's": [get("/stream") if number % 2 else get("/whole") for number in range(8)],
    "a long head": [get("/whole", "X: " + "y" * 20_000), get("/whole")],
    "expecting": [request("POST /echo", "Content-Length: 1", "Expect: 100-continue"), b"a"],
}


async def all_said(port: int) -> dict[str, bytes]:
    async with fan_out() as group:
        heard = {name: group.create_task(said(port, one)) for name, one in SESSIONS.items()}
    return {name: one.result() for name, one in heard.items()}


async def test_callers_hear_what_h11_would_say(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(monkeypatch) as ports:
        by_h11, ours = [await all_said(port) for port in ports]

    assert ours == by_h11
    assert all(ours.values())


async def test_h11_hears_nothing_of_what_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(_: object, what: object) -> None:
        assert what == b"", "h11 hears of the connection's end alone"

    monkeypatch.setattr(h11.Connection, "receive_data", told)
    monkeypatch.setattr(h11.Connection, "send", told)

    async with serving(monkeypatch) as (_, ours):
        answers = await said(ours, [get("/whole", "Accept: */*"), get("/large"), get("/title")])

    assert answers.count(b"HTTP/1.1 ") == 3


@pytest.fixture
def uncollected() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("path", ["/whole", "/stream"])
async def test_a_closed_connection_is_not_left_to_the_collector(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(monkeypatch) as (_, ours):
        CONNECTIONS.clear()
        for session in ([get(path)], [get(path, "Connection: close")]):
            await said(ours, session)
        async with asyncio.timeout(LIMIT):
            while any(connection() for connection in CONNECTIONS):
                await asyncio.sleep(0.02)

    assert len(CONNECTIONS) == 2
