"""Forwards requests of the route table between the ASGI server and the services.

It runs below Quart, because most requests need nothing of a framework. Errors are handed to the
app, whose error handlers write the envelope.
"""

import asyncio
import time
from collections.abc import Sequence

from dishka import AsyncContainer
from pydantic import ValidationError

from bff_core.auth import TokenVerifier
from bff_core.errors import DownstreamFailed, NotAuthenticated, UpstreamAborted
from bff_core.server import (
    AsgiApp,
    Message,
    Receive,
    Scope,
    Send,
    parse_body,
    release_slot,
    request_state,
)
from services.gateway.api.body_reader import BodyReader, answer_with
from services.gateway.api.header_policy import REJECTION
from services.gateway.api.request_parsing import (
    body_of,
    client_timeout,
    header_values,
    parameters_of,
    query_of,
)
from services.gateway.api.screens_document import ScreenTemplates
from services.gateway.api.session_gate import Admitted, SessionGate
from services.gateway.dto import LoginQuery, LoginV1, PlatformLoginV1, PlatformUserV1, TokensV1
from services.gateway.implementations.client_address import rate_limit_key
from services.gateway.implementations.event_streams import EventStreams
from services.gateway.implementations.filters import checked_path
from services.gateway.implementations.forwarding import UpstreamResponse
from services.gateway.implementations.identity import IdentitySessions, Sender
from services.gateway.implementations.proxy import (
    MAX_BUFFERED_BYTES,
    BufferedResponse,
    Proxy,
    ProxyRequest,
    buffered,
)
from services.gateway.route_table import LOGIN, PUBLIC, Route, UpstreamName, find_route


class ProxyMiddleware:
    """ASGI middleware: forwards requests that match a route, passes all others to the app."""

    def __init__(
        self,
        app: AsgiApp,
        gate: SessionGate,
        container: AsyncContainer,
        streams: EventStreams,
        verifier: TokenVerifier,
    ) -> None:
        self._app = app
        self._gate = gate
        self._container = container
        self._verifier = verifier
        self._streams = streams
        self._screens = ScreenTemplates.of_bffs()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = find_route(scope["raw_path"], scope["method"]) if scope["type"] == "http" else None
        if route is None or scope[REJECTION] is not None or scope["method"] not in route.methods:
            await self._app(scope, receive, send)
            return
        await answer_with(self._handle(route, scope, receive, send), self._app, scope, send)

    async def _handle(self, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        state = request_state(scope)
        state.route = self._screens.find(scope["raw_path"]) or route.url_rule
        proxy = await self._container.get(Proxy)
        peer = scope["client"][0] if scope.get("client") else None
        address = proxy.client_address(peer, header_values(scope, b"x-forwarded-for"))
        admitted: Admitted | None = None
        if route.access != PUBLIC:
            admitted = await self._gate.admit(route.access, scope, address)
        elif state.slot:
            # Strangers share by address, apart from the users behind it.
            state.slot.assign(f"address:{rate_limit_key(address)}")
        reshapes = route is LOGIN and parameters_of(LoginQuery, scope).shape is not None
        request = ProxyRequest(
            method=scope["method"],
            path=checked_path(scope["raw_path"], route.path),
            query="" if route is LOGIN else query_of(scope),
            headers=admitted.headers if admitted else scope["headers"],
            client_address=address,
            correlation_id=state.correlation_id,
            context=admitted.context if admitted else None,
            timeout=min(proxy.timeout_of(route), client_timeout(scope)),
            ends_by_closing=scope["http_version"] != "1.1",
        )
        user_id = admitted.context.user_id if admitted else None
        await proxy.check_rate_limit(route.rate_limit, address, user_id)
        reader = BodyReader(receive)

        async def respond() -> None:
            body = await body_of(route, scope, reader, seconds=request.timeout)
            response = await proxy.forward(route, request, body)
            if reshapes and isinstance(response, UpstreamResponse) and isinstance(body, bytes):
                identity = await self._container.get(IdentitySessions)
                response = await reshape_login(request, body, response, self._verifier, identity)
            subjects = admitted.subjects if admitted else ()
            await self._send(proxy, response, subjects, scope, send)

        await reader.cancel_on_disconnect(respond())

    async def _send(
        self,
        proxy: Proxy,
        response: UpstreamResponse | BufferedResponse,
        subjects: Sequence[str],
        scope: Scope,
        send: Send,
    ) -> None:
        if isinstance(response, BufferedResponse):
            await send(_start_message(response))
            await send(_body_message(response.body, more_body=False))
            return
        try:
            if response.is_event_stream:
                await self._send_events(proxy, response, subjects, scope, send)
            else:
                await _send_body(proxy, response, send)
        finally:
            response.close()

    async def _send_events(
        self,
        proxy: Proxy,
        response: UpstreamResponse,
        subjects: Sequence[str],
        scope: Scope,
        send: Send,
    ) -> None:
        """Relay a stream until it or its session ends; it does not count as a request in flight."""

        async def deliver(events: bytes) -> None:
            await send(_body_message(events, more_body=True))

        with self._streams.acquire(subjects) as stream:
            release_slot(scope)
            request_state(scope).streaming_since = time.perf_counter()
            await send(_start_message(response))
            await stream.relay(response.chunks(idle=proxy.stream_idle), deliver)
            await send(_body_message(b"", more_body=False))


async def _send_body(proxy: Proxy, response: UpstreamResponse, send: Send) -> None:
    await send(_start_message(response))
    body = response.received_body()
    if body is not None:
        await send(_body_message(body, more_body=False))
        return
    try:
        async with asyncio.timeout(proxy.transfer_timeout):
            async for chunk in response.chunks(idle=proxy.stream_idle):
                await send(_body_message(chunk, more_body=True))
    except TimeoutError as error:
        raise UpstreamAborted from error
    await send(_body_message(b"", more_body=False))


def _start_message(response: UpstreamResponse | BufferedResponse) -> Message:
    headers = list(response.headers)
    return {"type": "http.response.start", "status": response.status, "headers": headers}


def _body_message(body: bytes, *, more_body: bool) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more_body}


async def reshape_login(
    request: ProxyRequest,
    body: bytes,
    response: UpstreamResponse,
    verifier: TokenVerifier,
    identity: IdentitySessions,
) -> BufferedResponse:
    """Identity's answer with `token` and `user`, as the platform's front end reads it; closes it.

    Raises:
        DownstreamFailed: It holds no tokens, or one that is not valid here.
    """
    try:
        given = await response.read(limit=MAX_BUFFERED_BYTES, seconds=request.timeout)
    finally:
        response.close()
    try:
        tokens = TokensV1.model_validate_json(given)
        claims = await verifier.authenticate(f"Bearer {tokens.access_token}")
    except (ValidationError, NotAuthenticated) as error:
        raise DownstreamFailed(UpstreamName.IDENTITY, reason="token") from error
    sender = Sender(request.client_address, request.correlation_id)
    user = PlatformUserV1(
        id=claims.user_id,
        email=parse_body(LoginV1, body).email,
        name=await identity.name_of(claims.user_id, sender),
        roles=sorted(claims.roles),
    )
    shaped = PlatformLoginV1(**tokens.model_dump(), token=tokens.access_token, user=user)
    return buffered(response.status, response.headers, shaped.model_dump_json().encode())
