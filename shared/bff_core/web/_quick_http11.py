"""HTTP/1.1 where it is plain: a read whose head came whole, answered by a body of known length.

h11 is told nothing of such an exchange. One that turns out otherwise is told from its beginning,
and goes on as if this were not here.
"""

from functools import lru_cache
from time import time
from typing import Any

import h11
import hypercorn.asyncio.tcp_server
import hypercorn.protocol.h11
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.events import Body, EndBody, Request, Response, StreamClosed
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h11 import STREAM_ID

from bff_core.web._http11 import Ending, Http11, Stream
from bff_core.web._plain_heads import PlainAnswer, PlainRequest, plain_answer, plain_request


class QuickHttp11(Http11):
    """Reads and writes plain exchanges itself, and leaves all others to h11."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._untold = b""
        """The request under way, as it came; empty when h11 knows all there is to know."""
        self._waiting: tuple[Response, PlainAnswer] | None = None
        """The head of its answer, until it is clear that the body is as long as announced."""
        self._sent = self._ended = self._gone = False

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
        stream = self.stream = Stream(
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
        if not self._untold:
            await super().stream_send(event)
        elif self._sent:
            await self._close(event)
        elif isinstance(event, Response) and self._waiting is None:
            await self._begin_answer(event)
        elif not (isinstance(event, Body) and await self._answer(event.data)):
            await self._tell()
            await super().stream_send(event)

    async def _begin_answer(self, response: Response) -> None:
        headers = [*response.headers, *_standing(self.config, int(time()))]
        is_last = self.keep_alive_requests >= self.config.keep_alive_max_requests
        plain = None if is_last else plain_answer(response.status_code, headers)
        if plain is None:
            await self._tell()
            await super().stream_send(response)
        else:
            self._waiting = (response, plain)

    async def _answer(self, body: bytes) -> bool:
        """Send the answer, if this is the whole of its body."""
        if self._waiting is None or self._waiting[1].length != len(body):
            return False
        self._sent = True
        self._held = self._waiting[1].head
        await self._send_out(RawData(body))
        return True

    async def _close(self, event: StreamEvent) -> None:
        if isinstance(event, Body):
            raise h11.LocalProtocolError("Too much data for declared Content-Length")
        self._ended = self._ended or isinstance(event, EndBody)
        if not isinstance(event, StreamClosed):
            return
        stays = self._ended and not self._gone and not self.context.terminated.is_set()
        self._untold, self._waiting = b"", None
        self._sent = self._ended = False
        await self._close_stream()
        await self.can_read.set()
        await self.send(Updated(idle=True) if stays else Closed())

    async def _tell(self) -> None:
        """Let h11 catch up: the request, its end, and the head of its answer."""
        told, self._untold = self._untold, b""
        self.connection.receive_data(told)
        for _ in ("request", "end"):
            self.connection.next_event()
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            await super().stream_send(waiting[0])


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
