"""The one handler behind every row of the table: from ASGI messages to a service and back.

It works below the framework, because most requests need nothing of one; whatever it refuses, the
framework's error handlers put into words.
"""

import asyncio
import time

from dishka import AsyncContainer

from bff_core.composition import fan_out
from bff_core.context import RequestContext
from bff_core.errors import BffError, UpstreamAborted
from bff_core.server import (
    AsgiApp,
    Guard,
    Receive,
    Scope,
    SendMessage,
    release_slot,
    request_state,
    watch_of,
    while_caller_stays,
)
from services.gateway.api.arriving import body_of, forwarded_in, may_bring_body, query_of
from services.gateway.api.inbox import ClientGone, Inbox
from services.gateway.implementations.forwarded_path import checked_path
from services.gateway.implementations.forwarding import UpstreamResponse
from services.gateway.implementations.open_streams import OpenStreams
from services.gateway.implementations.proxy import Arrival, Proxy, Whole
from services.gateway.implementations.shield import FAULT
from services.gateway.route_table import PUBLIC, Row, row_at


class Passage:
    """ASGI middleware: requests that have a row go through it, all others to the app."""

    def __init__(
        self, app: AsgiApp, guard: Guard, container: AsyncContainer, streams: OpenStreams
    ) -> None:
        self._app = app
        self._guard = guard
        self._streams = streams
        self._container = container
        self._made: Proxy | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: SendMessage) -> None:
        row = row_at(scope["raw_path"]) if scope["type"] == "http" else None
        if row is None or scope[FAULT] is not None or scope["method"] not in row.methods:
            await self._app(scope, receive, send)
            return
        try:
            await self._pass(row, scope, receive, send)
        except ClientGone:
            return
        except BffError as error:
            scope[FAULT] = error
        except UpstreamAborted:
            raise
        except Exception as error:  # noqa: BLE001 - the edge: the app's handlers log it and answer
            scope[FAULT] = error
        else:
            return
        await self._app(scope, receive, send)

    async def _pass(self, row: Row, scope: Scope, receive: Receive, send: SendMessage) -> None:
        exchange = request_state(scope)
        exchange.route = row.rule
        caller = None
        if row.access != PUBLIC:
            caller = await self._guard.admit(row.access, scope["headers"], exchange)
        inbox = Inbox(receive)
        answering = self._exchange(row, scope, inbox, caller, send)
        if not may_bring_body(row, scope):
            await while_caller_stays(answering, watch_of(scope, receive))
            return
        async with fan_out() as tasks:
            watching = tasks.create_task(inbox.watch())
            await answering
            watching.cancel()

    async def _exchange(
        self, row: Row, scope: Scope, inbox: Inbox, caller: RequestContext | None, send: SendMessage
    ) -> None:
        proxy = await self._proxy()
        answer = await _ask(proxy, row, scope, inbox, caller)
        if isinstance(answer, UpstreamResponse) and answer.is_stream:
            await self._stay(proxy, answer, scope, send)
        else:
            await _answer(proxy, answer, send)

    async def _stay(
        self, proxy: Proxy, relay: UpstreamResponse, scope: Scope, send: SendMessage
    ) -> None:
        """Pass a stream on for as long as it is open; it is no request in flight."""

        async def deliver(piece: bytes) -> None:
            await send({"type": "http.response.body", "body": piece, "more_body": True})

        try:
            with self._streams.place() as stream:
                release_slot(scope)
                request_state(scope).streams_since = time.perf_counter()
                await send(_start(relay))
                await stream.pass_on(relay.chunks(idle=proxy.patience.stream_idle), deliver)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            relay.close()

    async def _proxy(self) -> Proxy:
        if self._made is None:
            self._made = await self._container.get(Proxy)
        return self._made


async def _ask(
    proxy: Proxy, row: Row, scope: Scope, inbox: Inbox, caller: RequestContext | None
) -> UpstreamResponse | Whole:
    path = checked_path(scope["raw_path"], row.path)
    client = scope.get("client")
    address = proxy.address_of(client[0] if client else None, forwarded_in(scope))
    await proxy.admit(row, caller, address)
    arrival = Arrival(
        method=scope["method"],
        path=path,
        query=query_of(scope),
        headers=scope["headers"],
        body=await body_of(row, scope, inbox),
        address=address,
        correlation_id=request_state(scope).correlation_id,
        caller=caller,
        ends_by_closing=scope["http_version"] == "1.0",
    )
    return await proxy.send(row, arrival)


def _start(answer: UpstreamResponse | Whole) -> dict[str, object]:
    headers = list(answer.headers)
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


async def _answer(proxy: Proxy, answer: UpstreamResponse | Whole, send: SendMessage) -> None:
    if isinstance(answer, Whole):
        await send(_start(answer))
        await send({"type": "http.response.body", "body": answer.body, "more_body": False})
        return
    try:
        await send(_start(answer))
        await _stream(proxy, answer, send)
    finally:
        answer.close()


async def _stream(proxy: Proxy, relay: UpstreamResponse, send: SendMessage) -> None:
    body = relay.arrived()
    if body is None:
        patience = proxy.patience
        try:
            async with asyncio.timeout(patience.transfer):
                await _send_on(relay, patience.stream_idle, send)
        except TimeoutError as error:
            raise UpstreamAborted from error
    await send({"type": "http.response.body", "body": body or b"", "more_body": False})


async def _send_on(relay: UpstreamResponse, idle: float, send: SendMessage) -> None:
    async for chunk in relay.chunks(idle=idle):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
