"""HTTP/1.1 as our services speak it: no upgrades, no endless heads, no lost refusals."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import h11
from hypercorn.asyncio.worker_context import EventWrapper
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import Request, Response, StreamClosed
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.http_stream import HTTPStream

from bff_core.server.caller import CALLER, Caller

VERSIONS = frozenset({b"1.0", b"1.1"})
HEAD_TIMEOUT = 10.0
"""Seconds from the first byte of a request's head to its last."""
LINGER_TIMEOUT = 2.0
LINGER_BYTES = 16 * 1024 * 1024
TOGETHER = 64 * 1024
"""Bytes of a body up to which a copy costs less than another write."""
_UPGRADING = frozenset({b"upgrade", b"http2-settings"})


class Ending(EventWrapper):
    """Set when the process goes down; idle connections are told, none has to wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.idle: set[Http11] = set()

    async def set(self) -> None:
        await super().set()
        for connection in list(self.idle):
            connection.leave()


class Stream(HTTPStream):
    """Hypercorn's, which tells the app of a caller who has gone without being asked."""

    _caller: Caller | None = None

    async def handle(self, event: StreamEvent) -> None:
        if isinstance(event, Request):
            self._caller = event.state[CALLER] = Caller()
        elif isinstance(event, StreamClosed) and self._caller is not None:
            self._caller.leave()
        await super().handle(event)


class Http11(H11Protocol):
    """Hypercorn's protocol without `Upgrade` (h2c and websocket alike), with two more bounds.

    A head must arrive in HEAD_TIMEOUT. A refusal that was sent before the whole body came stays
    readable: what is still arriving is read and thrown away for a while, because closing at once
    would make the caller's system discard the refusal as well.

    Two things cost less here than there: an idle connection has a timer instead of two tasks, and
    an answer of known length is one write instead of three.
    """

    _head_timer: asyncio.TimerHandle | None = None
    _idle_timer: asyncio.TimerHandle | None = None
    _server_watches = True
    _holding = False
    _held = b""
    _lingering = False
    _thrown_away = 0

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._pass_on = self.send
        self.send = self._send_out

    async def stream_send(self, event: StreamEvent) -> None:
        """The head of an answer of known length waits for its body, which follows at once."""
        self._holding = isinstance(event, Response) and _has_length(event)
        if isinstance(event, StreamClosed) and self._held:
            await self._send_out(RawData(b""))
        await super().stream_send(event)

    async def _send_out(self, event: Event) -> None:
        if isinstance(event, Updated):
            await self._note_idle(idle=event.idle)
        elif not isinstance(event, RawData):
            await self._pass_on(event)
        elif self._holding:
            self._held += event.data
        elif self._held and len(event.data) <= TOGETHER:
            held, self._held = self._held, b""
            await self._pass_on(RawData(held + event.data))
        else:
            await self._send_large(event.data)

    async def _send_large(self, data: bytes) -> None:
        held, self._held = self._held, b""
        for part in (held, data):
            if part:
                await self._pass_on(RawData(part))

    async def _note_idle(self, *, idle: bool) -> None:
        if self._server_watches:
            # The server's own watch, which it starts with the connection, ends for good.
            self._server_watches = False
            await self._pass_on(Updated(idle=False))
        self._forget_idling()
        if idle:
            loop = asyncio.get_running_loop()
            self._idle_timer = loop.call_later(self.config.keep_alive_timeout, self.leave)
            self._ending.idle.add(self)

    def leave(self) -> None:
        """Close, unless a request has come in the meantime."""
        if self._idle_timer is not None:
            self._forget_idling()
            self._spawn(self._stop_lingering)

    def _forget_idling(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
            self._ending.idle.discard(self)

    @property
    def _ending(self) -> Ending:
        ending: Ending = self.context.terminated  # type: ignore[assignment]  # `speak_plainly` makes it one
        return ending

    async def handle(self, event: Event) -> None:
        if self._lingering and isinstance(event, RawData):
            await self._throw_away(event.data)
            return
        await super().handle(event)
        closed = isinstance(event, Closed)
        self._watch_head(over=closed)
        if closed:
            # Else Hypercorn closes its side only when the keep-alive time is over.
            await self.send(Updated(idle=False))
            # The server holds this object, and would be held by it, until the garbage collector
            # came by: connections live too long for it to look at them soon.
            self.send = self._pass_on = _to_nobody

    def _watch_head(self, *, over: bool) -> None:
        unfinished = (
            not over
            and self.stream is None
            and self.connection.their_state is h11.IDLE
            and bool(self.connection.trailing_data[0])
        )
        if not unfinished:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None
        elif self._head_timer is None:
            loop = asyncio.get_running_loop()
            self._head_timer = loop.call_later(HEAD_TIMEOUT, self._spawn, self._give_up)

    def _spawn(self, step: Callable[[], Awaitable[None]]) -> None:
        self.task_group.spawn(step)

    async def _give_up(self) -> None:
        if self.stream is None and self.connection.our_state is h11.IDLE:
            await self._send_error_response(408)
        await self.send(Closed())

    async def _check_protocol(self, event: h11.Request) -> None:
        """Every request stays what it is; Hypercorn would switch to HTTP/2 here."""

    async def _create_stream(self, request: h11.Request) -> None:
        if request.http_version not in VERSIONS:
            await self._send_error_response(505)
            await self.send(Closed())
            return
        names = [name.lower() for name, _ in request.headers.raw_items()]
        upgrades = not _UPGRADING.isdisjoint(names)
        await super()._create_stream(_staying(request) if upgrades else request)

    async def _maybe_recycle(self) -> None:
        unread = (
            isinstance(self.stream, HTTPStream) and self.connection.their_state is h11.SEND_BODY
        )
        finished = self.connection.our_state in {h11.DONE, h11.MUST_CLOSE}
        if not (unread and finished):
            await super()._maybe_recycle()
            return
        await self._close_stream()
        await self.can_read.set()
        self._lingering = True
        loop = asyncio.get_running_loop()
        loop.call_later(LINGER_TIMEOUT, self._spawn, self._stop_lingering)

    async def _throw_away(self, data: bytes) -> None:
        self._thrown_away += len(data)
        if not data or self._thrown_away > LINGER_BYTES:
            await self._stop_lingering()

    async def _stop_lingering(self) -> None:
        await self.send(Closed())


async def _to_nobody(_: Event) -> None:
    """What is still said when the connection is gone."""


def _staying(request: h11.Request) -> h11.Request:
    """The request as if nobody had asked to leave HTTP/1.1."""
    return h11.Request(
        method=request.method,
        target=request.target,
        headers=[header for header in request.headers if header[0] not in _UPGRADING],
        http_version=request.http_version,
    )


def _has_length(response: Response) -> bool:
    return any(name == b"content-length" for name, _ in response.headers)
