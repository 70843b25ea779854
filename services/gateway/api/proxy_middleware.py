"""Forwards requests of the route table between the ASGI server and the services.

It runs below Quart, because most requests need nothing of a framework. Errors are handed to the
app, whose error handlers write the envelope.
"""

import asyncio
import time

from dishka import AsyncContainer

from bff_core.errors import BffError, UpstreamAborted
from bff_core.server import (
    AsgiApp,
    Guard,
    Message,
    Receive,
    Scope,
    Send,
    release_slot,
    request_state,
)
from services.gateway.api.body_reader import BodyReader, ClientDisconnected
from services.gateway.api.header_policy import REJECTION
from services.gateway.api.request_parsing import body_of, header_values, query_of
from services.gateway.implementations.client_address import rate_limit_key
from services.gateway.implementations.event_streams import EventStreams
from services.gateway.implementations.forwarded_path import checked_path
from services.gateway.implementations.forwarding import UpstreamResponse
from services.gateway.implementations.proxy import BufferedResponse, Proxy, ProxyRequest
from services.gateway.route_table import PUBLIC, Route, find_route


class ProxyMiddleware:
    """ASGI middleware: forwards requests that match a route, passes all others to the app."""

    def __init__(
        self, app: AsgiApp, guard: Guard, container: AsyncContainer, streams: EventStreams
    ) -> None:
        self._app = app
        self._guard = guard
        self._container = container
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = find_route(scope["raw_path"]) if scope["type"] == "http" else None
        if route is None or scope[REJECTION] is not None or scope["method"] not in route.methods:
            await self._app(scope, receive, send)
            return
        try:
            await self._handle(route, scope, receive, send)
        except ClientDisconnected:
            return
        except UpstreamAborted:
            raise
        except Exception as error:
            if not request_state(scope).status:
                scope[REJECTION] = error
                await self._app(scope, _receive_nothing, send)
            elif not isinstance(error, BffError):
                raise

    async def _handle(self, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        state = request_state(scope)
        state.route = route.url_rule
        proxy = await self._container.get(Proxy)
        peer = scope["client"][0] if scope.get("client") else None
        address = proxy.client_address(peer, header_values(scope, b"x-forwarded-for"))
        context = None
        if route.access != PUBLIC:
            context = await self._guard.authorize(route.access, scope["headers"], state)
        elif state.slot:
            # Strangers share by address, apart from the users behind it.
            state.slot.assign(f"address:{rate_limit_key(address)}")
        request = ProxyRequest(
            method=scope["method"],
            path=checked_path(scope["raw_path"], route.path),
            query=query_of(scope),
            headers=scope["headers"],
            client_address=address,
            correlation_id=state.correlation_id,
            context=context,
            ends_by_closing=scope["http_version"] != "1.1",
        )
        await proxy.check_rate_limit(route, request)
        reader = BodyReader(receive)

        async def respond() -> None:
            body = await body_of(route, scope, reader, seconds=proxy.timeout_of(route))
            response = await proxy.forward(route, request, body)
            await self._send(proxy, response, scope, send)

        await reader.cancel_on_disconnect(respond())

    async def _send(
        self,
        proxy: Proxy,
        response: UpstreamResponse | BufferedResponse,
        scope: Scope,
        send: Send,
    ) -> None:
        if isinstance(response, BufferedResponse):
            await send(_start_message(response))
            await send(_body_message(response.body, more_body=False))
            return
        try:
            if response.is_event_stream:
                await self._send_events(proxy, response, scope, send)
            else:
                await _send_body(proxy, response, send)
        finally:
            response.close()

    async def _send_events(
        self, proxy: Proxy, response: UpstreamResponse, scope: Scope, send: Send
    ) -> None:
        """Relay a stream until it ends; it does not count as a request in flight."""

        async def deliver(events: bytes) -> None:
            await send(_body_message(events, more_body=True))

        with self._streams.acquire() as stream:
            release_slot(scope)
            request_state(scope).streaming_since = time.perf_counter()
            await send(_start_message(response))
            await stream.relay(response.chunks(idle=proxy.timeouts.stream_idle), deliver)
            await send(_body_message(b"", more_body=False))


async def _send_body(proxy: Proxy, response: UpstreamResponse, send: Send) -> None:
    await send(_start_message(response))
    body = response.received_body()
    if body is not None:
        await send(_body_message(body, more_body=False))
        return
    try:
        async with asyncio.timeout(proxy.timeouts.transfer):
            async for chunk in response.chunks(idle=proxy.timeouts.stream_idle):
                await send(_body_message(chunk, more_body=True))
    except TimeoutError as error:
        raise UpstreamAborted from error
    await send(_body_message(b"", more_body=False))


def _start_message(response: UpstreamResponse | BufferedResponse) -> Message:
    headers = list(response.headers)
    return {"type": "http.response.start", "status": response.status, "headers": headers}


def _body_message(body: bytes, *, more_body: bool) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more_body}


async def _receive_nothing() -> Message:
    """Stands in for `receive` when the app only answers: the body is read already, or unwanted."""
    await asyncio.Event().wait()
    return {"type": "http.disconnect"}
