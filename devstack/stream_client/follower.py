"""Follows a stream: resumes it, renews the token, and backs off after failures."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from functools import partial
from random import Random

from devstack.stream_client.local_copy import JsonObject, LocalCopy, OutOfStep
from devstack.stream_client.source import (
    EventParser,
    EventTooLong,
    SourceError,
    StreamEvent,
    StreamResponse,
    StreamSource,
)

# Three heartbeats of the server.
SILENCE_SECONDS = 45.0
HEAD_SECONDS = 15.0
RENEW_BEFORE_SECONDS = 60.0
MIN_TOKEN_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 30.0
# The longest pause that a server may ask for.
MAX_RETRY_SECONDS = 120.0
# The end of a stream without an `end` event.
_CLOSED = "closed"
# Refusals that do not change with time.
_FINAL_STATUSES = frozenset({400, 403, 404, 405, 406})


class StreamRefused(Exception):
    """The server refuses this stream for good, with `status`."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the stream was refused with {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class AccessToken:
    """`expires_at` is in epoch seconds."""

    text: str = field(repr=False)
    expires_at: float


@dataclass(frozen=True, slots=True)
class StreamUpdate:
    """An event that the copy has applied."""

    event: str
    data: JsonObject
    id: str | None


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """The end of a connection; the next try follows in `pause` seconds."""

    reason: str
    pause: float


@dataclass(slots=True)
class _Connection:
    """The outcome of one connection; `retry_seconds` is the server's wish.

    `renewed` is an end for a new token, after which no pause is needed.
    """

    reason: str = _CLOSED
    retry_seconds: float | None = None
    received: bool = False
    renewed: bool = False


class StreamFollower:
    """`copy` is up to date after every item of `follow`.

    `fetch_token` is called when there is no token, it is about to expire, or it was refused; its
    errors end the following.
    """

    def __init__(
        self,
        source: StreamSource,
        fetch_token: Callable[[], Awaitable[AccessToken]],
        *,
        random: Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.copy = LocalCopy()
        self.last_id: str | None = None
        self._source = source
        self._fetch_token = fetch_token
        self._random = random or Random()
        self._sleep = sleep
        self._now = now
        self._failures = 0
        self._token: AccessToken | None = None
        self._renew_at = 0.0

    async def follow(self) -> AsyncGenerator[StreamUpdate | StreamEnded, None]:
        """Every event, and the end of each connection before the next one begins.

        A caller that stops early closes it (`contextlib.aclosing`), and with it the connection.

        Raises:
            StreamRefused: The server refuses the stream for good.
        """
        while True:
            connection = _Connection()
            async with aclosing(self._try(connection)) as updates:
                async for update in updates:
                    yield update
            pause = self._pause_after(connection)
            yield StreamEnded(connection.reason, pause)
            await self._sleep(pause)

    async def _try(self, connection: _Connection) -> AsyncGenerator[StreamUpdate, None]:
        """One connection until its end; a failure becomes its reason."""
        try:
            async with aclosing(self._listen(connection)) as updates:
                async for update in updates:
                    yield update
        except TimeoutError:
            connection.reason = "silent"
        except SourceError:
            connection.reason = "unreachable"
        except (OutOfStep, EventTooLong):
            connection.reason = "out_of_step"
            # Without a last id the server sends a new snapshot.
            self.last_id = None
            self.copy.drop()

    def _pause_after(self, connection: _Connection) -> float:
        """Seconds until the next connection; they double while no event arrives."""
        if connection.received or connection.renewed:
            self._failures = 0
        else:
            self._failures += 1
        if connection.renewed:
            return 0.0
        if connection.retry_seconds is not None:
            return connection.retry_seconds + self._random.uniform(0.0, FIRST_PAUSE_SECONDS)
        most = min(FIRST_PAUSE_SECONDS * 2 ** min(self._failures, 10), MAX_PAUSE_SECONDS)
        return self._random.uniform(most / 2, most)

    async def _listen(self, connection: _Connection) -> AsyncGenerator[StreamUpdate, None]:
        headers = {
            "Accept": "text/event-stream",
            "Accept-Encoding": "identity",
            "Authorization": f"Bearer {(await self._current_token()).text}",
        }
        if self.last_id is not None:
            headers["Last-Event-ID"] = self.last_id
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(HEAD_SECONDS):
                stream = await stack.enter_async_context(self._source.open(headers))
            if not self._accepts(stream, connection):
                return
            parser, apply = EventParser(), partial(self._apply, connection)
            while chunk := await self._read(stream, connection):
                # One at a time: the copy stands at each update while the caller reads it.
                for update in filter(None, map(apply, parser.feed(chunk))):
                    yield update

    async def _current_token(self) -> AccessToken:
        if self._token is None or self._renew_at <= self._now():
            self._token = await self._fetch_token()
            # A short-lived token, or one that is old by our clock, is used for a while all the same.
            life = self._token.expires_at - self._now()
            usable = life - min(RENEW_BEFORE_SECONDS, life / 4)
            self._renew_at = self._now() + max(usable, MIN_TOKEN_SECONDS)
        return self._token

    def _accepts(self, stream: StreamResponse, connection: _Connection) -> bool:
        if stream.status == 200 and stream.content_type == "text/event-stream":
            return True
        if stream.status in _FINAL_STATUSES:
            raise StreamRefused(stream.status)
        if stream.status == 401:
            self._token = None
        connection.reason = f"status_{stream.status}"
        connection.retry_seconds = parse_retry_after(stream.retry_after)
        return False

    async def _read(self, stream: StreamResponse, connection: _Connection) -> bytes:
        """The next chunk; empty when the stream or the token is at its end."""
        if connection.reason != _CLOSED:
            return b""
        left = self._renew_at - self._now()
        try:
            async with asyncio.timeout(min(left, SILENCE_SECONDS)):
                if left > 0:
                    return await stream.read()
        except TimeoutError:
            if left > SILENCE_SECONDS:
                raise
        connection.reason, connection.renewed = "token_renewed", True
        return b""

    def _apply(self, connection: _Connection, event: StreamEvent) -> StreamUpdate | None:
        data = self.copy.apply(event)
        if event.id is not None:
            self.last_id = event.id
        if data is None:
            return None
        connection.received = True
        if event.event == "resync":
            self.last_id = None
        if event.event == "end":
            connection.reason = str(data.get("reason", "end"))
            if event.retry is not None:
                connection.retry_seconds = min(event.retry / 1000, MAX_RETRY_SECONDS)
            if connection.reason == "token_expired":
                self._token = None
        return StreamUpdate(event.event, data, event.id)


def parse_retry_after(header: str | None) -> float | None:
    """The seconds of `Retry-After`; None for a date or nonsense."""
    if header is None or not header.isascii() or not header.isdigit():
        return None
    return min(float(header[:9]), MAX_RETRY_SECONDS)
