"""Answers the routes of the session cookie: sign in, who is signed in, sign out.

Like the proxy, it runs below Quart; errors are handed to the app.
"""

from typing import cast

from dishka import AsyncContainer

from bff_core.errors import DownstreamFailed, NotAuthenticated, Unavailable
from bff_core.server import (
    SIGNED_IN,
    AsgiApp,
    Guard,
    Receive,
    Scope,
    Send,
    parse_body,
    request_state,
)
from services.gateway.api.body_reader import BodyReader, answer_with
from services.gateway.api.header_policy import REJECTION, SET_COOKIE
from services.gateway.api.request_parsing import (
    NoParameters,
    body_of,
    client_timeout,
    header_values,
    parameters_of,
)
from services.gateway.api.session_gate import SessionGate
from services.gateway.dto import EndSessionQuery, LoginV1, SessionV1
from services.gateway.implementations.client_address import rate_limit_key
from services.gateway.implementations.identity import IdentitySessions, Sender
from services.gateway.implementations.proxy import Proxy
from services.gateway.implementations.session_cookie import SessionContent
from services.gateway.implementations.sessions import SessionRefused, Sessions
from services.gateway.route_table import (
    LOGIN,
    SESSION_METHODS,
    SESSION_PATH,
    RateLimit,
    UpstreamName,
)

_RAW_PATH = SESSION_PATH.encode("ascii")


class SessionMiddleware:
    """ASGI middleware: answers `/v1/session`, passes all other requests to the app."""

    def __init__(
        self, app: AsgiApp, guard: Guard, container: AsyncContainer, gate: SessionGate
    ) -> None:
        self._app = app
        self._guard = guard
        self._container = container
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_ours = scope["type"] == "http" and scope["raw_path"] == _RAW_PATH
        if not is_ours or scope[REJECTION] is not None or scope["method"] not in SESSION_METHODS:
            await self._app(scope, receive, send)
            return
        await answer_with(self._handle(scope, receive, send), self._app, scope, send)

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = request_state(scope)
        state.route = SESSION_PATH
        proxy = await self._container.get(Proxy)
        peer = scope["client"][0] if scope.get("client") else None
        address = proxy.client_address(peer, header_values(scope, b"x-forwarded-for"))
        if state.slot:
            # Strangers share by address, apart from the users behind it.
            state.slot.assign(f"address:{rate_limit_key(address)}")
        reader = BodyReader(receive)
        await reader.cancel_on_disconnect(self._respond(proxy, address, reader, scope, send))

    async def _respond(
        self, proxy: Proxy, address: str, reader: BodyReader, scope: Scope, send: Send
    ) -> None:
        match scope["method"]:
            case "POST":
                session = await self._sign_in(proxy, address, reader, scope)
                await _send_json(session, scope, send)
            case "DELETE":
                await self._sign_out(proxy, address, scope)
                await send({"type": "http.response.start", "status": 204, "headers": []})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            case _:
                session = await self._read(proxy, address, scope)
                await _send_json(session, scope, send)

    async def _sign_in(
        self, proxy: Proxy, address: str, reader: BodyReader, scope: Scope
    ) -> SessionV1:
        """Open a session; whatever cookie came along is replaced, and its session ended."""
        parameters_of(NoParameters, scope)
        await proxy.check_rate_limit(RateLimit.SIGN_IN, address)
        self._gate.require_own_page(scope)
        seconds = min(proxy.timeout_of(LOGIN), client_timeout(scope))
        body = await body_of(LOGIN, scope, reader, seconds=seconds)
        login = parse_body(LoginV1, cast("bytes", body))
        sender = Sender(address, request_state(scope).correlation_id)
        identity = await self._container.get(IdentitySessions)
        sessions = await self._container.get(Sessions)
        signed_in = await identity.sign_in(login.email, login.password, sender, seconds=seconds)
        authorization = (b"authorization", f"Bearer {signed_in.access.token}".encode())
        try:
            context = await self._guard.authorize(SIGNED_IN, [authorization], request_state(scope))
        except NotAuthenticated as error:
            # Its clock, key or audience is not ours: nothing that the caller can mend.
            raise DownstreamFailed(UpstreamName.IDENTITY, reason="token") from error
        content = await sessions.create(login.email, signed_in, context, sender)
        scope[SET_COOKIE] = sessions.cookie(content, self._gate.cookies.form(scope))
        await self._end_former(sessions, sender, scope)
        return sessions.describe(content, context.roles)

    async def _end_former(self, sessions: Sessions, sender: Sender, scope: Scope) -> None:
        sealed = self._gate.cookies.find(scope)
        if sealed is None:
            return
        try:
            former = sessions.open(sealed)
        except SessionRefused:
            return
        await sessions.end(former, sender)

    async def _read(self, proxy: Proxy, address: str, scope: Scope) -> SessionV1:
        parameters_of(NoParameters, scope)
        if self._gate.cookies.find(scope) is None:
            raise SessionRefused("no_session")
        admitted = await self._gate.admit(SIGNED_IN, scope, address)
        await proxy.check_rate_limit(RateLimit.USER, address, admitted.context.user_id)
        sessions = await self._container.get(Sessions)
        return sessions.describe(cast("SessionContent", admitted.session), admitted.context.roles)

    async def _sign_out(self, proxy: Proxy, address: str, scope: Scope) -> None:
        """End the session; without a valid one, only the cookie is cleared."""
        query = parameters_of(EndSessionQuery, scope)
        sealed = self._gate.cookies.find(scope)
        if sealed is None:
            return
        sessions = await self._container.get(Sessions)
        form = self._gate.cookies.form(scope)
        try:
            content = sessions.open(sealed)
        except SessionRefused:
            scope[SET_COOKIE] = form.clear()
            return
        self._gate.require_own_page(scope, content)
        await proxy.check_rate_limit(RateLimit.USER, address, content.user_id)
        request_state(scope).user_id = content.user_id
        scope[SET_COOKIE] = form.clear()
        heard = not query.everywhere or await sessions.end_all(content)
        await sessions.end(content, Sender(address, request_state(scope).correlation_id))
        if not heard:
            raise Unavailable("Sessions of other devices may go on; try again", retry_after=2.0)


async def _send_json(session: SessionV1, scope: Scope, send: Send) -> None:
    body = session.model_dump_json().encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    shown = b"" if scope["method"] == "HEAD" else body
    await send({"type": "http.response.body", "body": shown, "more_body": False})
