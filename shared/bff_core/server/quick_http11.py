"""HTTP/1.1 where it is plain: a read whose head came whole, answered by a body of known length.

h11 is told nothing of such an exchange. One that turns out otherwise is told from its beginning,
and goes on as if this were not here.
"""

from collections.abc import Awaitable, Callable
from functools import lru_cache
from time import time
from typing import Any, TypeGuard

import h11
import hypercorn.asyncio.tcp_server
import hypercorn.protocol.h11
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.events import EndBody, Request
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h11 import STREAM_ID
from hypercorn.protocol.http_stream import ASGIHTTPState
from hypercorn.typing import ASGISendEvent, HTTPResponseBodyEvent, HTTPResponseStartEvent

from bff_core.server.http11 import Ending, Http11, Stream
from bff_core.server.plain_heads import Headers, PlainRequest, plain_answer, plain_request

AnswerWhole = Callable[[int, Headers, bytes], Awaitable[bool]]
"""Sends status, headers and body, and ends the exchange; False when that is for h11 to do."""


class PlainStream(Stream):
    """Hypercorn's, which hands an answer that comes whole to the connection in one step."""

    _start: HTTPResponseStartEvent | None = None

    def __init__(self, answer: AnswerWhole, *given: Any) -> None:
        super().__init__(*given)
        self._answer = answer

    async def app_send(self, message: ASGISendEvent | None) -> None:
        start, self._start = self._start, None
        if start is None and _starts(message) and self.state is ASGIHTTPState.REQUEST:
            # What comes next shows whether this is all.
            self._start = message
        elif start is None:
            await super().app_send(message)
        elif not (_is_all(message) and await self._answered(start, message)):
            await super().app_send(start)
            await super().app_send(message)

    async def _answered(self, start: HTTPResponseStartEvent, rest: HTTPResponseBodyEvent) -> bool:
        headers = [(bytes(name).strip(), bytes(value).strip()) for name, value in start["headers"]]
        whole = await self._answer(int(start["status"]), headers, bytes(rest.get("body", b"")))
        if whole:
            self.state = ASGIHTTPState.CLOSED
        return whole


class QuickHttp11(Http11):
    """Reads and writes plain exchanges itself, and leaves all others to h11."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._untold = b""
        """The request under way, as it came; empty when h11 knows all there is to know."""
        self._gone = False

    async def handle(self, event: Event) -> None:
        self._gone = self._gone or isinstance(event, Closed)
        if not isinstance(event, RawData):
            await super().handle(event)
        elif not self._untold:
            await self._receive(event)
        elif event.data:
            # The next request, too early: its time comes when this one has been answered.
            await self.can_read.clear()
            await self.can_read.wait()
            if self._is_between:
                await self._receive(event)

    @property
    def _is_between(self) -> bool:
        """Whether the connection stands, no request is under way and none has begun to come."""
        seen = self.connection
        idle = seen.our_state is h11.IDLE and seen.their_state is h11.IDLE
        return idle and self.stream is None and not self._gone and not seen.trailing_data[0]

    async def _receive(self, event: RawData) -> None:
        fits = len(event.data) <= self.config.h11_max_incomplete_size
        request = plain_request(event.data) if fits and self._is_between else None
        if request is None:
            await super().handle(event)
            return
        self._untold = event.data
        await self._note_idle(idle=False)
        await self._open(request)

    async def _open(self, request: PlainRequest) -> None:
        stream = self.stream = PlainStream(
            self._answer,
            self.app,
            self.config,
            self.context,
            self.task_group,
            self.ssl,
            self.client,
            self.server,
            self.stream_send,
            STREAM_ID,
        )
        await stream.handle(
            Request(
                stream_id=STREAM_ID,
                headers=request.headers,
                http_version="1.1",
                method="GET",
                raw_path=request.target,
                state=self.connection_state,
            )
        )
        self.keep_alive_requests += 1
        await self.context.mark_request()
        await stream.handle(EndBody(STREAM_ID))

    async def stream_send(self, event: StreamEvent) -> None:
        if self._untold:
            self._tell()
        await super().stream_send(event)

    async def _answer(self, status: int, headers: Headers, body: bytes) -> bool:
        """Send a whole answer and end the exchange, if both are plain."""
        if not self._untold or self.keep_alive_requests >= self.config.keep_alive_max_requests:
            return False
        plain = plain_answer(status, [*headers, *_standing(self.config, int(time()))])
        if plain is None or plain.length != len(body):
            return False
        self._held = plain.head
        await self._send_out(RawData(body))
        await self._end()
        return True

    async def _end(self) -> None:
        stays = not self._gone and not self.context.terminated.is_set()
        self._untold = b""
        await self._close_stream()
        await self.can_read.set()
        await self.send(Updated(idle=True) if stays else Closed())

    def _tell(self) -> None:
        """Let h11 catch up: the request and its end."""
        told, self._untold = self._untold, b""
        self.connection.receive_data(told)
        for _ in ("request", "end"):
            self.connection.next_event()


def _starts(message: ASGISendEvent | None) -> TypeGuard[HTTPResponseStartEvent]:
    """Whether it is the head of an answer whose body has a length, which follows at once."""
    if message is None or message["type"] != "http.response.start" or message.get("trailers"):
        return False
    return any(bytes(name).lower() == b"content-length" for name, _ in message.get("headers", []))


def _is_all(message: ASGISendEvent | None) -> TypeGuard[HTTPResponseBodyEvent]:
    """Whether no more of the body will come."""
    if message is None or message["type"] != "http.response.body":
        return False
    return not message.get("more_body", False)


@lru_cache(maxsize=2)
def _standing(config: Config, _: int) -> list[tuple[bytes, bytes]]:
    """What the server says in every answer of this second: the date."""
    return config.response_headers("h11")


def _speaking(*given: Any) -> QuickHttp11:
    """In place of Hypercorn's wrapper, which chooses between protocols, by ALPN among others."""
    *given_for_http11, _ = given
    return QuickHttp11(*given_for_http11)


def speak_plainly() -> None:
    """Make Hypercorn use these protocols; it offers no setting for it."""
    hypercorn.asyncio.tcp_server.ProtocolWrapper = _speaking  # type: ignore[assignment, attr-defined]  # looked up by name there
    hypercorn.protocol.h11.HTTPStream = Stream  # type: ignore[attr-defined]  # the same
    WorkerContext.event_class = Ending
