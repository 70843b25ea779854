"""The event streams that pass through this process: how many, and their end when it drains."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager

from bff_core.errors import Unavailable, UpstreamAborted
from bff_core.observability import Metrics
from services.gateway.implementations.whole_events import WholeEvents

RETRY_AFTER = 2
LAST_SECONDS = 0.5
"""How long a stream that is told to end may take to come to the end of an event."""

Deliver = Callable[[bytes], Awaitable[None]]


class OpenStream:
    """One stream: events go on as they come, and it ends between two of them."""

    def __init__(self) -> None:
        self._events = WholeEvents()
        self._ending = False
        self._whole: asyncio.Timeout | None = None
        self._reading: asyncio.Timeout | None = None

    def end(self) -> None:
        """Read no more; what is half out may come to its end."""
        self._ending = True
        now = asyncio.get_running_loop().time()
        if self._whole is not None:
            self._whole.reschedule(now + LAST_SECONDS)
        if self._reading is not None and not self._events.inside:
            self._reading.reschedule(now)

    async def pass_on(self, chunks: AsyncIterator[bytes], deliver: Deliver) -> None:
        """Deliver until the stream ends, or has to.

        Raises:
            AnswerCut: It broke off, or was told to end and could not do so in time.
        """
        try:
            async with asyncio.timeout(None) as self._whole:
                await self._deliver_all(chunks, deliver)
        except TimeoutError as error:
            raise UpstreamAborted from error

    async def _deliver_all(self, chunks: AsyncIterator[bytes], deliver: Deliver) -> None:
        while not self._ending or self._events.inside:
            if piece := await self._next(chunks):
                await deliver(piece)

    async def _next(self, chunks: AsyncIterator[bytes]) -> bytes:
        try:
            async with asyncio.timeout(None) as self._reading:
                chunk = await anext(chunks, b"")
        except TimeoutError:
            # Told to end: the next turn sees it.
            return b""
        finally:
            self._reading = None
        if chunk:
            return self._events.take(chunk)
        self._ending, self._events.inside = True, False
        return self._events.rest()


class OpenStreams:
    """All of them. At most `limit` are open at a time."""

    def __init__(self, limit: int, metrics: Metrics) -> None:
        self._limit = limit
        self._shed = metrics.shed
        self._draining = False
        self._open: set[OpenStream] = set()
        count = metrics.make.gauge("event_streams_open", "Event streams that are passed on.")
        count.set_function(lambda: float(len(self._open)))

    def drain(self) -> None:
        """End all, and let no more in: the process is going down."""
        self._draining = True
        for stream in self._open:
            stream.end()

    @contextmanager
    def place(self) -> Iterator[OpenStream]:
        """A stream, counted for as long as the block lasts.

        Raises:
            Unavailable: There are too many, or the process is going down.
        """
        if self._draining:
            raise Unavailable("This process is going down", retry_after=RETRY_AFTER)
        if len(self._open) >= self._limit:
            self._shed.inc()
            raise Unavailable("Too many event streams are open", retry_after=RETRY_AFTER)
        stream = OpenStream()
        self._open.add(stream)
        try:
            yield stream
        finally:
            self._open.discard(stream)
