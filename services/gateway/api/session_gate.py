"""Admits requests by bearer token or by session cookie, never by both."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dishka import AsyncContainer

from bff_core.context import RequestContext
from bff_core.errors import InvalidRequest, NotAuthenticated
from bff_core.server import Guard, Scope, request_state
from services.gateway.api.header_policy import GIVEN_HEADERS, SET_COOKIE
from services.gateway.implementations.identity import Sender
from services.gateway.implementations.origin_policy import (
    SAFE_METHODS,
    CrossSiteRequest,
    OriginPolicy,
    Provenance,
)
from services.gateway.implementations.session_cookie import (
    AccessToken,
    CookieFormat,
    SessionContent,
)
from services.gateway.implementations.sessions import SessionRefused, Sessions, subjects_of

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(slots=True)
class Admitted:
    """A request whose user is known; `headers` name the user by a bearer token.

    `session` is the content as the browser holds it from now on; None for a bearer token.
    """

    headers: Headers = field(repr=False)
    context: RequestContext
    session: SessionContent | None = None

    @property
    def subjects(self) -> Sequence[str]:
        """Subjects whose marks end what outlives the request."""
        return subjects_of(self.session) if self.session else ()


class SessionCookies:
    """Reads the cookie of a request, and chooses its form."""

    def __init__(self, *, plain_over_http: bool) -> None:
        """`plain_over_http` is for development: a browser takes `Secure` from https only."""
        self._secure = CookieFormat(plain=False)
        self._over_http = CookieFormat(plain=plain_over_http)

    def form(self, scope: Scope) -> CookieFormat:
        return self._secure if scope["scheme"] == "https" else self._over_http

    def find(self, scope: Scope) -> str | None:
        """The sealed session; None without a cookie of its name.

        Raises:
            InvalidRequest: There are two.
        """
        given = [value for name, value in scope[GIVEN_HEADERS] if name == b"cookie"]
        return self.form(scope).find(b";".join(given).decode("latin-1")) if given else None


class SessionGate:
    """The one entrance of all routes that need a user."""

    def __init__(
        self,
        guard: Guard,
        container: AsyncContainer,
        cookies: SessionCookies,
        policy: OriginPolicy,
    ) -> None:
        self._guard = guard
        self._container = container
        self._policy = policy
        self.cookies = cookies

    async def admit(self, rule: str, scope: Scope, client_address: str) -> Admitted:
        """The request with its user; raises as `Guard.authorize` does.

        Raises:
            InvalidRequest: It has a bearer token and the cookie, or two cookies.
            SessionRefused: The cookie opens no session; the answer clears it.
            CrossSiteRequest: Another site's page may have made it.
        """
        headers = scope["headers"]
        sealed = self.cookies.find(scope)
        if sealed is None:
            return Admitted(
                headers, await self._guard.authorize(rule, headers, request_state(scope))
            )
        if any(name == b"authorization" for name, _ in headers):
            raise InvalidRequest("Send a bearer token or the session cookie, not both")
        sessions = await self._container.get(Sessions)
        try:
            return await self._enter(sessions, sealed, rule, scope, client_address)
        except SessionRefused:
            scope[SET_COOKIE] = self.cookies.form(scope).clear()
            raise
        except CrossSiteRequest:
            sessions.count_cross_site()
            raise

    async def _enter(
        self, sessions: Sessions, sealed: str, rule: str, scope: Scope, client_address: str
    ) -> Admitted:
        content = sessions.open(sealed)
        state = request_state(scope)
        if state.slot:
            # Before anything is waited for: a renewal has room for one user's share of requests.
            state.slot.assign(f"user:{content.user_id}")
        self.require_own_page(scope, content)
        sender = Sender(client_address, state.correlation_id)
        access = await sessions.access(content, sender)
        try:
            admitted = await self._authorize(rule, scope, access)
        except NotAuthenticated:
            # It was revoked, or its key has changed: the next one tells whether the user may go on.
            access = await sessions.access(content, sender, rejected=access.token)
            admitted = await self._authorize(rule, scope, access)
        if admitted.context.user_id != content.user_id:
            raise SessionRefused("session_invalid")
        renewed = sessions.renewed(content, access)
        if renewed is not None:
            scope[SET_COOKIE] = sessions.cookie(renewed, self.cookies.form(scope))
        return Admitted(admitted.headers, admitted.context, renewed or content)

    def require_own_page(self, scope: Scope, content: SessionContent | None = None) -> None:
        """Check where the request comes from, and with a session its token.

        Raises:
            CrossSiteRequest: Another site's page may have made it.
        """
        sent = Provenance.of(scope[GIVEN_HEADERS])
        self._policy.require_own_page(scope["method"], sent)
        if content is not None and scope["method"] not in SAFE_METHODS:
            self._policy.require_token(sent, content.csrf)

    async def _authorize(self, rule: str, scope: Scope, access: AccessToken) -> Admitted:
        authorization = (b"authorization", b"Bearer " + access.token.encode("ascii"))
        headers = [*scope["headers"], authorization]
        context = await self._guard.authorize(rule, headers, request_state(scope))
        return Admitted(headers, context)
