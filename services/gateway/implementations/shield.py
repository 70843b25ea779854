"""The outermost layer: what a client may say reaches the rest, what every answer says is added."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from bff_core.errors import BffError, ClientError, InvalidRequest
from services.gateway.implementations.cors import Cors, Headers
from services.gateway.implementations.forwarded_headers import (
    is_forwarded_header,
    named_by_connection,
)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

FAULT = "gateway.fault"
MOST_HEADERS = 100
# For the gateway's own use; they go no further than this process.
_OURS = frozenset(
    {
        b"access-control-request-headers",
        b"access-control-request-method",
        b"host",
        b"origin",
        b"transfer-encoding",
        b"x-correlation-id",
        b"x-forwarded-for",
    }
)
_ONCE = frozenset(
    {
        b"authorization",
        b"content-length",
        b"content-type",
        b"host",
        b"idempotency-key",
        b"last-event-id",
        b"range",
        b"traceparent",
        b"transfer-encoding",
        b"user-agent",
    }
)
_PRINTABLE = re.compile(rb"[\t\x20-\x7e]*")
_SAFE: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_NOTHING_LOADS = b"default-src 'none'; frame-ancestors 'none'"
_PAGE_LOADS = (
    b"default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)


class HeadersTooLarge(ClientError):
    code = "INVALID_REQUEST"
    status = 431
    message = "The request's address and headers are too large"


class Shield:
    """Middleware around the whole app.

    A request that is faulty as a message is marked, for the app to refuse in the one envelope,
    and its connection is closed: where one such request ends is open to argument.
    """

    def __init__(
        self, app: AsgiApp, cors: Cors, *, max_header_bytes: int, hsts_seconds: int
    ) -> None:
        self._app = app
        self._cors = cors
        self._max_header_bytes = max_header_bytes
        self._always = list(_SAFE)
        if hsts_seconds:
            value = f"max-age={hsts_seconds}; includeSubDomains".encode()
            self._always.append((b"strict-transport-security", value))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "http":
            given = [(name.lower(), value) for name, value in scope["headers"]]
            scope["headers"] = kept(given)
            scope[FAULT] = self._fault_of(scope, given)
            send = self._adding(scope, send)
        await self._app(scope, receive, send)

    def _fault_of(self, scope: Scope, headers: Headers) -> BffError | None:
        target = len(scope["raw_path"]) + len(scope["query_string"])
        if (
            len(headers) > MOST_HEADERS
            or target + sum(len(name) + len(value) for name, value in headers)
            > self._max_header_bytes
        ):
            return HeadersTooLarge()
        seen: set[bytes] = set()
        for name, value in headers:
            if name in _ONCE and name in seen:
                return InvalidRequest(f"The header {name.decode()} may be sent once only")
            seen.add(name)
            if (
                name != b"user-agent"
                and is_forwarded_header(name)
                and not _PRINTABLE.fullmatch(value)
            ):
                return InvalidRequest(f"The header {name.decode()} holds what no header may")
        if b"transfer-encoding" in seen and (
            b"content-length" in seen or scope["http_version"] == "1.0"
        ):
            return InvalidRequest("The request's length is ambiguous")
        return None

    def _adding(self, scope: Scope, send: Send) -> Send:
        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._added(scope, message)]
            await send(message)

        return adding

    def _added(self, scope: Scope, message: Message) -> Headers:
        path = scope["path"]
        page = path == "/docs" or path.startswith("/docs/")
        csp = _PAGE_LOADS if page else _NOTHING_LOADS
        added = [*self._always, (b"content-security-policy", csp)]
        added += self._cors.on_answer(origin_of(scope["headers"]))
        if not any(name.lower() == b"cache-control" for name, _ in message.get("headers", ())):
            added.append((b"cache-control", b"no-store"))
        if scope[FAULT] is not None:
            added.append((b"connection", b"close"))
        return added


def kept(headers: Headers) -> Headers:
    """What of a client's headers the app may know at all; names in lower case."""
    dropped = named_by_connection(headers)
    return [
        (name, value)
        for name, value in headers
        if (name in _OURS or is_forwarded_header(name)) and name not in dropped
    ]


def origin_of(headers: Headers) -> bytes | None:
    return next((value for name, value in headers if name == b"origin"), None)
