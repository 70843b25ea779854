"""A downstream service on a real socket that replies as a test tells it to."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import urlsplit

ANY = "*"
NO_LENGTH = -1
STOP_TIMEOUT = 5.0

_JSON = MappingProxyType({"Content-Type": "application/json"})


@dataclass(frozen=True, slots=True)
class Reply:
    """A response of the stub.

    `body` is sent `times` times, `pause` seconds apart. `length` overrides Content-Length;
    `NO_LENGTH` leaves it out and closes the connection at the end. `delay` is in seconds before the
    first byte, `work` those for which it occupies the stub's one core; `hang` never replies; `raw`
    replaces head and body.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=lambda: _JSON)
    times: int = 1
    pause: float = 0.0
    length: int | None = None
    delay: float = 0.0
    work: float = 0.0
    hang: bool = False
    raw: bytes | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A received request: `target` is the raw path with its query; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path


@dataclass(slots=True)
class StubServer:
    """Replies by path, with a 404 in JSON to any other path.

    `hung_up` counts the clients that disconnected before the end of their response, `busiest` the
    requests that were answered at a time, at most.
    """

    requests: list[Recorded] = field(default_factory=list)
    hung_up: int = 0
    busy: int = 0
    busiest: int = 0
    _core: asyncio.Lock = field(default_factory=asyncio.Lock)
    _replies: dict[str, list[Reply]] = field(default_factory=dict)
    _open: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)
    _port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def open_connections(self) -> int:
        return len(self._open)

    def on(self, path: str, *replies: Reply) -> None:
        """Send each reply to `path` (or `ANY`) once, and repeat the last one."""
        self._replies[path] = list(replies)

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        return server

    async def stop(self) -> None:
        """Abort all connections and wait for their tasks."""
        for writer in self._open.values():
            writer.transport.abort()
        if self._open:
            await asyncio.wait(set(self._open), timeout=STOP_TIMEOUT)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine always runs in one
        self._open[task] = writer
        try:
            while await self._serve_request(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            del self._open[task]
            writer.close()

    async def _serve_request(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Read one request and reply; False when the connection must close."""
        request = await _read_request(reader)
        self.requests.append(request)
        replies = self._replies.get(request.path) or self._replies.get(ANY) or [Reply(404)]
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            if reply.hang or reply.delay:
                await _wait(reader, None if reply.hang else reply.delay)
            if reply.work:
                async with self._core:
                    await asyncio.sleep(reply.work)
            return await _write_reply(writer, reply)
        except OSError:
            self.hung_up += 1
            raise
        finally:
            self.busy -= 1


async def _read_request(reader: asyncio.StreamReader) -> Recorded:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Recorded(method, target, headers, body)


async def _wait(reader: asyncio.StreamReader, seconds: float | None) -> None:
    """Wait, unless the client disconnects first."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await reader.read(1)
            raise ConnectionResetError


async def _write_reply(writer: asyncio.StreamWriter, reply: Reply) -> bool:
    total = len(reply.body) * reply.times
    if reply.raw is not None:
        writer.write(reply.raw)
        await writer.drain()
        return False
    reasons = {int(status): status.phrase for status in HTTPStatus}
    lines = [f"HTTP/1.1 {reply.status} {reasons.get(reply.status, 'Odd')}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    if reply.length != NO_LENGTH:
        lines.append(f"Content-Length: {total if reply.length is None else reply.length}")
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    await writer.drain()
    for number in range(reply.times):
        if number and reply.pause:
            await asyncio.sleep(reply.pause)
        writer.write(reply.body)
        await writer.drain()
    return reply.length in {None, total}


@asynccontextmanager
async def stub_server() -> AsyncIterator[StubServer]:
    """A stub on a free port of 127.0.0.1, stopped at the end."""
    stub = StubServer()
    server = await stub.start()
    try:
        yield stub
    finally:
        server.close()
        await stub.stop()
        await server.wait_closed()
