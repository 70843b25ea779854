"""Outermost middleware: filters request headers, adds security and CORS headers to every response."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from urllib.parse import unquote

from quart import Response, request

from bff_core.errors import ClientError, InvalidRequest, NotAuthorized, unsupported_encoding
from bff_core.server import AsgiApp, Message, Receive, Scope, Send
from services.gateway.implementations.filters import is_forwarded_header, named_by_connection
from services.gateway.route_table import without_alias

Headers = list[tuple[bytes, bytes]]

EXPOSED_HEADERS = (
    b"X-Correlation-ID, ETag, Retry-After, X-Parts-Incomplete, Idempotent-Replay, Location"
)
PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        "Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, "
        "If-Modified-Since, If-None-Match, If-Unmodified-Since, Last-Event-ID, Prefer, Range, "
        "traceparent, tracestate, X-CSRF, X-Correlation-ID, X-Request-Timeout-Ms"
    ),
    "Access-Control-Max-Age": "600",
}


PAGE_HEADERS: Mapping[str, str] = {
    # All code, styles and fonts are files of this address: nothing is inline, nothing from elsewhere.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
}

REJECTION = "gateway.rejection"
"""Scope key: the error that the app answers with instead of handling the request; or None."""
SET_COOKIE = "gateway.set_cookie"
"""Scope key: the value of `Set-Cookie` for whatever answer is sent."""
GIVEN_HEADERS = "gateway.given_headers"
"""Scope key: all headers as they came, names in lower case; the session cookie is read there."""
MAX_HEADERS = 100

_READ_BY_GATEWAY = frozenset(
    {
        b"access-control-request-headers",
        b"access-control-request-method",
        b"host",
        b"origin",
        b"transfer-encoding",
        b"x-correlation-id",
        b"x-forwarded-for",
        b"x-request-timeout-ms",
    }
)
_SINGLE = frozenset(
    {
        b"authorization",
        b"content-length",
        b"content-type",
        b"host",
        b"idempotency-key",
        b"last-event-id",
        b"origin",
        b"range",
        b"sec-fetch-mode",
        b"sec-fetch-site",
        b"traceparent",
        b"transfer-encoding",
        b"user-agent",
        b"x-csrf",
    }
)
_PRINTABLE = re.compile(rb"[\t\x20-\x7e]*")
SECURITY_HEADERS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
API_CSP = b"default-src 'none'; frame-ancestors 'none'"
_DOCS_CSP = (
    b"default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)


class HeadersTooLarge(ClientError, code="INVALID_REQUEST", status=431):
    message = "The request's address and headers are too large"


class CorsPolicy:
    """Makes responses readable for the listed origins only; the header never holds `*`."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origin.encode("ascii") for origin in origins)

    def allows(self, origin: bytes | None) -> bool:
        return origin in self._origins

    def response_headers(self, origin: bytes | None) -> Headers:
        """Headers of any response to a page of this origin."""
        if not self._origins:
            return []
        headers: Headers = [(b"vary", b"Origin")]
        if origin is not None and self.allows(origin):
            headers += [
                (b"access-control-allow-origin", origin),
                (b"access-control-allow-credentials", b"true"),
                (b"access-control-expose-headers", EXPOSED_HEADERS),
            ]
        return headers


def preflight_check(cors: CorsPolicy) -> Callable[[], Awaitable[Response | None]]:
    """A check to run before the guard, which would refuse what was refused for another reason."""

    async def answer_before_routing() -> Response | None:
        rejection = request.scope.get(REJECTION)
        if isinstance(rejection, Exception):
            raise rejection
        is_preflight = "Access-Control-Request-Method" in request.headers
        if request.method != "OPTIONS" or not is_preflight:
            return None
        if not cors.allows(request.headers.get("Origin", "").encode("latin-1")):
            raise NotAuthorized("This origin may not call here")
        return Response(b"", status=204, headers=PREFLIGHT_HEADERS)

    return answer_before_routing


class HeaderPolicyMiddleware:
    """ASGI middleware around the whole app.

    A malformed request is marked with `REJECTION`, so that the app refuses it in the error
    envelope. Its connection is closed, because servers may disagree on where it ends.
    """

    def __init__(
        self, app: AsgiApp, cors: CorsPolicy, *, max_header_bytes: int, hsts_seconds: int
    ) -> None:
        self._app = app
        self._cors = cors
        self._max_header_bytes = max_header_bytes
        self._security_headers = list(SECURITY_HEADERS)
        if hsts_seconds:
            value = f"max-age={hsts_seconds}; includeSubDomains".encode()
            self._security_headers.append((b"strict-transport-security", value))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = [(name.lower(), value) for name, value in scope["headers"]]
        scope[GIVEN_HEADERS] = given
        scope["headers"] = allowed_headers(given)
        given_path = scope["raw_path"]
        scope["raw_path"] = without_alias(given_path)
        if scope["raw_path"] is not given_path:
            scope["path"] = unquote(scope["raw_path"].decode("latin-1"))
        rejection = None
        try:
            self._validate(scope, given)
        except ClientError as error:
            rejection = error
        scope[REJECTION] = rejection

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                message["headers"] = headers + self._added_headers(scope, headers)
                if rejection is not None:
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _validate(self, scope: Scope, headers: Headers) -> None:
        if not scope["method"].isupper():
            # Methods are case-sensitive: a rule of a proxy in front for POST does not see `post`.
            raise InvalidRequest("A method is written in capital letters")
        size = len(scope["raw_path"]) + len(scope["query_string"])
        size += sum(len(name) + len(value) for name, value in headers)
        if len(headers) > MAX_HEADERS or size > self._max_header_bytes:
            raise HeadersTooLarge
        values: dict[bytes, bytes] = {}
        for name, value in headers:
            if name in _SINGLE and name in values:
                raise InvalidRequest(f"The header {name.decode()} may be sent once only")
            values[name] = value
            if name == b"content-encoding" and value.strip().lower() != b"identity":
                raise unsupported_encoding()
            may_be_any = name == b"user-agent" or not is_forwarded_header(name)
            if not may_be_any and not _PRINTABLE.fullmatch(value):
                raise InvalidRequest(f"The header {name.decode()} holds a forbidden character")
        is_http11 = scope["http_version"] == "1.1"
        if is_http11 and not values.get(b"host"):
            raise InvalidRequest("The header host is missing")
        coding = values.get(b"transfer-encoding")
        # Another server could end the body of such a request elsewhere.
        if coding is not None and (
            not is_http11 or b"content-length" in values or coding.lower() != b"chunked"
        ):
            raise InvalidRequest("The request's length is ambiguous")

    def _added_headers(self, scope: Scope, headers: Headers) -> Headers:
        is_docs = scope["path"] == "/docs" or scope["path"].startswith("/docs/")
        origin = next((value for name, value in scope["headers"] if name == b"origin"), None)
        added = [*self._security_headers, *self._cors.response_headers(origin)]
        names = {name.lower() for name, _ in headers}
        # A page brings its own.
        if b"content-security-policy" not in names:
            added.append((b"content-security-policy", _DOCS_CSP if is_docs else API_CSP))
        if SET_COOKIE in scope:
            added.append((b"set-cookie", scope[SET_COOKIE].encode("ascii")))
        if b"cache-control" not in names:
            added.append((b"cache-control", b"no-store"))
        return added


def allowed_headers(headers: Headers) -> Headers:
    """The headers, names in lower case, that the gateway reads or forwards."""
    dropped = named_by_connection(headers)
    return [
        (name, value)
        for name, value in headers
        if (name in _READ_BY_GATEWAY or is_forwarded_header(name)) and name not in dropped
    ]
