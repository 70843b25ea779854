"""Relays server-sent event streams: at most so many, each ended between two events."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager

from bff_core.errors import Unavailable, UpstreamAborted
from bff_core.observability import Metrics

MAX_EVENT_BYTES = 64 * 1024
RETRY_AFTER = 2
DRAIN_TIMEOUT = 0.5
"""Seconds that an ended stream may take to complete the event that is half sent."""
_BLANK_LINES = (b"\n\n", b"\n\r\n", b"\n\r", b"\r\r")

Deliver = Callable[[bytes], Awaitable[None]]


class EventFramer:
    """Holds back the beginning of an event until its end has arrived.

    An event of more than `max_event_bytes` passes in pieces; `in_event` is set meanwhile.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self.in_event = False
        self._max_event_bytes = max_event_bytes
        self._held = bytearray()
        self._last_bytes = b""

    def feed(self, chunk: bytes) -> bytes:
        """The bytes that may be sent now that `chunk` has arrived."""
        # A blank line may have begun in the previous chunk.
        data = self._last_bytes + chunk
        ends = (data.rfind(blank) + len(blank) for blank in _BLANK_LINES if blank in data)
        end = max(ends, default=0) - len(self._last_bytes)
        self._last_bytes = data[-2:]
        complete = b""
        if end > 0:
            complete = bytes(self._held) + chunk[:end]
            self._held = bytearray(chunk[end:])
            self.in_event = False
        else:
            self._held += chunk
        if len(self._held) > self._max_event_bytes:
            complete += self.flush()
            self.in_event = True
        return complete

    def flush(self) -> bytes:
        """The bytes held back, for a stream that ended there by itself."""
        held = bytes(self._held)
        self._held.clear()
        return held


class EventStream:
    """Relays one stream; `end` stops it between two events."""

    def __init__(self, subjects: Iterable[str] = ()) -> None:
        """`subjects` are the session and the user whose end is the stream's, too."""
        self.subjects = frozenset(subjects)
        self._framer = EventFramer()
        self._ending = False
        self._relay_timeout: asyncio.Timeout | None = None
        self._read_timeout: asyncio.Timeout | None = None

    def end(self) -> None:
        """Read no more; an event that is half sent may still be completed."""
        self._ending = True
        now = asyncio.get_running_loop().time()
        if self._relay_timeout is not None:
            self._relay_timeout.reschedule(now + DRAIN_TIMEOUT)
        if self._read_timeout is not None and not self._framer.in_event:
            self._read_timeout.reschedule(now)

    async def relay(self, chunks: AsyncIterator[bytes], deliver: Deliver) -> None:
        """Deliver events until the stream ends, or is ended.

        Raises:
            UpstreamAborted: It broke off, or was ended and could not complete an event in time.
        """
        try:
            async with asyncio.timeout(None) as self._relay_timeout:
                await self._deliver_all(chunks, deliver)
        except TimeoutError as error:
            raise UpstreamAborted from error

    async def _deliver_all(self, chunks: AsyncIterator[bytes], deliver: Deliver) -> None:
        while not self._ending or self._framer.in_event:
            if events := await self._next_events(chunks):
                await deliver(events)

    async def _next_events(self, chunks: AsyncIterator[bytes]) -> bytes:
        try:
            async with asyncio.timeout(None) as self._read_timeout:
                chunk = await anext(chunks, b"")
        except TimeoutError:
            # `end` was called.
            return b""
        finally:
            self._read_timeout = None
        if chunk:
            return self._framer.feed(chunk)
        self._ending, self._framer.in_event = True, False
        return self._framer.flush()


class EventStreams:
    """The open streams of this process, at most `limit` at a time."""

    def __init__(self, limit: int, metrics: Metrics) -> None:
        self._limit = limit
        self._shed = metrics.shed
        self._draining = False
        self._open: set[EventStream] = set()
        gauge = metrics.make.gauge("event_streams_open", "Event streams that are passed on.")
        gauge.set_function(lambda: float(len(self._open)))

    def drain(self) -> None:
        """End all streams and admit no more: the process is shutting down."""
        self._draining = True
        for stream in self._open:
            stream.end()

    def end_of(self, subject: str) -> None:
        """End the streams of a session, or of a user's sessions."""
        for stream in self._open:
            if subject in stream.subjects:
                stream.end()

    @contextmanager
    def acquire(self, subjects: Iterable[str] = ()) -> Iterator[EventStream]:
        """A stream that counts against the limit until the block ends.

        Raises:
            Unavailable: Too many are open, or the process is shutting down.
        """
        if self._draining:
            raise Unavailable("This process is going down", retry_after=RETRY_AFTER)
        if len(self._open) >= self._limit:
            self._shed.inc()
            raise Unavailable("Too many event streams are open", retry_after=RETRY_AFTER)
        stream = EventStream(subjects)
        self._open.add(stream)
        try:
            yield stream
        finally:
            self._open.discard(stream)
