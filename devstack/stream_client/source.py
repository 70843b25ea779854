"""Connections to a stream, and a parser of its events that limits the size of lines and events."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import aiohttp

MAX_LINE_BYTES = 4 * 1024 * 1024
MAX_EVENT_BYTES = 8 * 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
CONNECT_SECONDS = 10.0


class EventTooLong(ValueError):
    """A line or an event exceeds its limit."""


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """`id` is the stream's last one; `retry` is in milliseconds, if the event has it."""

    event: str
    data: str
    id: str | None = None
    retry: int | None = None


@dataclass(slots=True)
class _Pending:
    event: str = ""
    data: list[str] = field(default_factory=list)
    retry: int | None = None
    size: int = 0


class EventParser:
    """Parses chunks that are cut anywhere; an event that the end cuts off is dropped."""

    def __init__(
        self, max_line_bytes: int = MAX_LINE_BYTES, max_event_bytes: int = MAX_EVENT_BYTES
    ) -> None:
        self._max_line = max_line_bytes
        self._max_event = max_event_bytes
        self._rest = bytearray()
        self._at_start = True
        self._after_return = False
        self._pending = _Pending()
        self._id: str | None = None

    def feed(self, chunk: bytes) -> list[StreamEvent]:
        """The events that the chunk completes.

        Raises:
            EventTooLong: A limit is exceeded; the parser is of no use afterwards.
        """
        events = []
        for line in self._lines(chunk):
            if len(line) > self._max_line:
                raise EventTooLong(f"A line is longer than {self._max_line} bytes.")
            if self._at_start:
                line, self._at_start = line.removeprefix(_BYTE_ORDER_MARK), False  # noqa: PLW2901
            if line:
                self._take_field(line)
                continue
            done, self._pending = self._pending, _Pending()
            if done.data:
                data, name = "\n".join(done.data), done.event or "message"
                events.append(StreamEvent(name, data, self._id or None, done.retry))
        return events

    def _lines(self, chunk: bytes) -> list[bytes]:
        # A CR at the end of the last chunk has ended its line: its LF ends no second one.
        if self._after_return and chunk.startswith(b"\n"):
            chunk, self._after_return = chunk[1:], False
        if not chunk:
            return []
        self._after_return = chunk.endswith(b"\r")
        *whole, rest = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        if len(self._rest) + len(whole[0] if whole else rest) > self._max_line:
            raise EventTooLong(f"A line is longer than {self._max_line} bytes.")
        if not whole:
            self._rest += rest
            return []
        lines = [bytes(self._rest) + whole[0], *whole[1:]]
        self._rest = bytearray(rest)
        return lines

    def _take_field(self, line: bytes) -> None:
        """Unknown fields are ignored, and so are comments, whose name is empty."""
        name, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._pending.data.append(value)
            self._pending.size += len(line)
        elif name == "event":
            self._pending.event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self._pending.retry = int(value[:9])
        if self._pending.size > self._max_event:
            raise EventTooLong(f"An event is longer than {self._max_event} bytes.")


class SourceError(OSError):
    """No connection, or a broken one."""


@dataclass(frozen=True, slots=True)
class StreamResponse:
    """A response whose head has arrived; `read` gives the next bytes, empty at the end.

    It raises a `SourceError` when the connection breaks.
    """

    status: int
    content_type: str
    retry_after: str | None
    read: Callable[[], Awaitable[bytes]]


class StreamSource(Protocol):
    def open(self, headers: Mapping[str, str]) -> AbstractAsyncContextManager[StreamResponse]:
        """Open the stream.

        Raises:
            SourceError: There is no answer.
        """
        ...


class HttpStreamSource:
    """`address` is the whole URL; the caller closes the session."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._session = session
        self._address = address

    @asynccontextmanager
    async def open(self, headers: Mapping[str, str]) -> AsyncIterator[StreamResponse]:
        # The follower itself limits the silence between events.
        timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, connect=CONNECT_SECONDS)
        with _failures_translated():
            response = await self._session.get(
                self._address, headers=headers, timeout=timeout, allow_redirects=False
            )

        async def read() -> bytes:
            with _failures_translated():
                return await response.content.readany()

        retry_after = response.headers.get("Retry-After")
        try:
            yield StreamResponse(response.status, response.content_type, retry_after, read)
        finally:
            response.close()


@contextmanager
def _failures_translated() -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise SourceError(type(error).__name__) from error
