"""Follows a stream for as long as somebody listens: resumes, renews the token, backs off."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from random import Random

from devstack.stream_client.backoff import LONGEST_WANTED_SECONDS, Backoff, seconds_in
from devstack.stream_client.json_text import JsonObject
from devstack.stream_client.local_copy import LocalCopy, OutOfStep
from devstack.stream_client.server_events import EventParser, EventTooLong, ServerEvent
from devstack.stream_client.source import OpenStream, Source, SourceFailed

# Three heartbeats of the server.
SILENCE_SECONDS = 45.0
HEAD_SECONDS = 15.0
RENEW_BEFORE_SECONDS = 60.0
SHORTEST_USE_SECONDS = 5.0
# Why a stream ended that nobody has told an end of.
_OPEN = "closed"
# Refusals that no waiting changes.
_FINAL = frozenset({400, 403, 404, 405, 406})


class StreamRefused(Exception):
    """The server will not have this stream; `status` is its answer."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the stream was refused with {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Token:
    """`expires_at` is in epoch seconds."""

    text: str = field(repr=False)
    expires_at: float


@dataclass(frozen=True, slots=True)
class Update:
    """An event that the copy has followed."""

    event: str
    data: JsonObject
    id: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """A stream is over, `reason` in a word; the next try follows in `pause` seconds."""

    reason: str
    pause: float


Fetch = Callable[[], Awaitable[Token]]


@dataclass(slots=True)
class _Attempt:
    """One connection; `retry_seconds` is what the server asked for."""

    reason: str = _OPEN
    retry_seconds: float | None = None
    heard: bool = False
    prompt: bool = False


class Follower:
    """`copy` is true after every item that `follow` gives.

    `fetch_token` is called when there is no token, it is about to expire, or it was refused; what
    it raises ends the following.
    """

    def __init__(
        self,
        source: Source,
        fetch_token: Fetch,
        *,
        chance: Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.copy = LocalCopy()
        self.last_id: str | None = None
        self._source = source
        self._fetch_token = fetch_token
        self._backoff = Backoff(chance or Random())
        self._sleep = sleep
        self._now = now
        self._token: Token | None = None
        self._renew_at = 0.0

    async def follow(self) -> AsyncGenerator[Update | Ended, None]:
        """Every event, and every end of a connection before the next one begins.

        Whoever stops early closes it (`contextlib.aclosing`), and with it the connection.

        Raises:
            StreamRefused: The server said something that waiting does not change.
        """
        while True:
            attempt = _Attempt()
            async with aclosing(self._try(attempt)) as updates:
                async for update in updates:
                    yield update
            pause = self._backoff.pause(
                heard=attempt.heard, wanted=attempt.retry_seconds, prompt=attempt.prompt
            )
            yield Ended(attempt.reason, pause)
            await self._sleep(pause)

    async def _try(self, attempt: _Attempt) -> AsyncGenerator[Update, None]:
        """One connection until its end, whatever that is."""
        try:
            async with aclosing(self._listen(attempt)) as updates:
                async for update in updates:
                    yield update
        except (SourceFailed, TimeoutError) as error:
            attempt.reason = "silent" if isinstance(error, TimeoutError) else "unreachable"
        except (OutOfStep, EventTooLong):
            attempt.reason = "out_of_step"
            self._forget()

    async def _listen(self, attempt: _Attempt) -> AsyncGenerator[Update, None]:
        token = await self._fresh_token()
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(HEAD_SECONDS):
                stream = await stack.enter_async_context(self._source.open(self._headers(token)))
            if not self._is_good(stream, attempt):
                return
            parser = EventParser()
            while chunk := await self._read(stream, attempt):
                for update in self._follow_all(parser.feed(chunk), attempt):
                    yield update

    async def _read(self, stream: OpenStream, attempt: _Attempt) -> bytes:
        """The next chunk; empty when the stream or the token is at its end."""
        if attempt.reason != _OPEN:
            return b""
        left = self._renew_at - self._now()
        if left <= 0:
            attempt.reason, attempt.prompt = "token_renewed", True
            return b""
        try:
            async with asyncio.timeout(min(left, SILENCE_SECONDS)):
                chunk = await stream.read()
        except TimeoutError:
            if left > SILENCE_SECONDS:
                raise
            attempt.reason, attempt.prompt = "token_renewed", True
            return b""
        return chunk

    def _follow_all(self, events: list[ServerEvent], attempt: _Attempt) -> Iterator[Update]:
        """One at a time: each update goes out while the copy stands where it says."""
        for event in events:
            update = self._follow_one(event, attempt)
            if update is not None:
                yield update

    def _follow_one(self, event: ServerEvent, attempt: _Attempt) -> Update | None:
        data = self.copy.apply(event)
        if event.id is not None:
            self.last_id = event.id
        if data is None:
            return None
        attempt.heard = True
        if event.event == "resync":
            self.last_id = None
        if event.event == "end":
            self._take_end(event, data, attempt)
        return Update(event.event, data, event.id)

    def _take_end(self, event: ServerEvent, data: JsonObject, attempt: _Attempt) -> None:
        attempt.reason = str(data.get("reason", "end"))
        if event.retry is not None:
            attempt.retry_seconds = min(event.retry / 1000, LONGEST_WANTED_SECONDS)
        if attempt.reason == "token_expired":
            self._token = None

    def _is_good(self, stream: OpenStream, attempt: _Attempt) -> bool:
        if stream.status == 200 and stream.content_type == "text/event-stream":
            return True
        if stream.status in _FINAL:
            raise StreamRefused(stream.status)
        if stream.status == 401:
            self._token = None
        attempt.reason = f"status_{stream.status}"
        attempt.retry_seconds = seconds_in(stream.retry_after)
        return False

    def _headers(self, token: Token) -> dict[str, str]:
        headers = {
            "Accept": "text/event-stream",
            "Accept-Encoding": "identity",
            "Authorization": f"Bearer {token.text}",
        }
        return headers if self.last_id is None else {**headers, "Last-Event-ID": self.last_id}

    async def _fresh_token(self) -> Token:
        if self._token is None or self._renew_at <= self._now():
            self._token = await self._fetch_token()
            # A short or, by our clock, old token must not make us ask for the next one at once.
            life = self._token.expires_at - self._now()
            usable = life - min(RENEW_BEFORE_SECONDS, life / 4)
            self._renew_at = self._now() + max(usable, SHORTEST_USE_SECONDS)
        return self._token

    def _forget(self) -> None:
        """Ask for a snapshot: without a last id the server has to send one."""
        self.last_id = None
        self.copy.drop()
