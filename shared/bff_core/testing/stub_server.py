"""A downstream service on a real socket that answers exactly what a test tells it to."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import urlsplit

ANY = "*"
_JSON = MappingProxyType({"Content-Type": "application/json"})
_STOP_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer.

    `body` is sent `times` times, `pause` seconds apart. `length` is what Content-Length claims:
    the truth unless told; `NO_LENGTH` leaves it out and closes at the end. `delay` is in seconds
    before the first byte; `hang` never answers; `raw` replaces head and body by bytes.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=lambda: _JSON)
    times: int = 1
    pause: float = 0.0
    length: int | None = None
    delay: float = 0.0
    hang: bool = False
    raw: bytes | None = None


NO_LENGTH = -1


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request as it came: `target` is the raw path with its query; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path


@dataclass(slots=True)
class StubServer:
    """Answers by path; a path that nobody programmed is a 404 in JSON."""

    requests: list[Recorded] = field(default_factory=list)
    hung_up: int = 0
    """How many callers went away before they had their whole answer."""
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
        """Answer `path` (or `ANY`) with each reply once and with the last one ever after."""
        self._replies[path] = list(replies)

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        return server

    async def stop(self) -> None:
        """Cut every connection and wait until nothing serves one."""
        for writer in self._open.values():
            writer.transport.abort()
        if self._open:
            await asyncio.wait(set(self._open), timeout=_STOP_WITHIN)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine always runs in one
        self._open[task] = writer
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            del self._open[task]
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether the connection stays."""
        request = await _read(reader)
        self.requests.append(request)
        reply = self._reply_to(request.path)
        try:
            if reply.hang or reply.delay:
                await _wait(reader, None if reply.hang else reply.delay)
            return await _write(writer, reply)
        except OSError:
            self.hung_up += 1
            raise

    def _reply_to(self, path: str) -> Reply:
        replies = self._replies.get(path) or self._replies.get(ANY) or [Reply(404)]
        return replies.pop(0) if len(replies) > 1 else replies[0]


async def _read(reader: asyncio.StreamReader) -> Recorded:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Recorded(method, target, headers, body)


async def _wait(reader: asyncio.StreamReader, seconds: float | None) -> None:
    """Wait, unless the caller goes away first."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await reader.read(1)
            raise ConnectionResetError


async def _write(writer: asyncio.StreamWriter, reply: Reply) -> bool:
    whole = len(reply.body) * reply.times
    writer.write(_head(reply, whole) if reply.raw is None else reply.raw)
    await writer.drain()
    for number in range(reply.times if reply.raw is None else 0):
        if number and reply.pause:
            await asyncio.sleep(reply.pause)
        writer.write(reply.body)
        await writer.drain()
    return reply.raw is None and reply.length in {None, whole}


def _head(reply: Reply, whole: int) -> bytes:
    reasons = {int(status): status.phrase for status in HTTPStatus}
    lines = [f"HTTP/1.1 {reply.status} {reasons.get(reply.status, 'Odd')}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    if reply.length != NO_LENGTH:
        lines.append(f"Content-Length: {whole if reply.length is None else reply.length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


@asynccontextmanager
async def stub_server() -> AsyncIterator[StubServer]:
    """A stub on a free port of 127.0.0.1, gone with all its connections at the end."""
    stub = StubServer()
    server = await stub.start()
    try:
        yield stub
    finally:
        server.close()
        await stub.stop()
        await server.wait_closed()
