"""Multipart bodies that a route reads as they arrive, instead of having them collected first."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

from quart import Quart
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from bff_core.errors import ClientError, InvalidRequest, PayloadTooLarge
from bff_core.server.asgi import AsgiApp, Message, Receive, Scope, Send
from bff_core.server.openapi.declarations import file_field

STREAMED = "bff_core.streamed_body"
MULTIPART = b"multipart/form-data"
_MARK = "__streams_body__"

F = TypeVar("F", bound=Callable[..., Any])


def takes_files(field: str) -> Callable[[F], F]:
    """Let the view read a multipart body by itself, with files in a field of this name.

    Stands above `returns`. Any other body is collected as usual.
    """

    def decorate(view: F) -> F:
        setattr(view, _MARK, True)
        return file_field(field)(view)

    return decorate


class RequestTooSlow(ClientError):
    code = "INVALID_REQUEST"
    status = 408
    message = "The request body did not arrive in time"


class StreamedBody:
    """The body of one request. The client sends no faster than it is read."""

    def __init__(self, content_type: str, length: int | None, receive: Receive) -> None:
        self.content_type = content_type
        self._length = length
        self._receive = receive
        self._has_ended = asyncio.Event()
        self._is_gone = False
        self._announced = False

    async def chunks(self, *, limit: int, idle: float) -> AsyncIterator[bytes]:
        """The body as it arrives, once.

        Raises:
            PayloadTooLarge: It has, or declares, more than `limit` bytes.
            RequestTooSlow: Nothing arrived for `idle` seconds.
            InvalidRequest: It broke off.
        """
        size = 0
        if self._length is not None and self._length > limit:
            raise PayloadTooLarge(details={"limit_bytes": limit})
        while not self._has_ended.is_set():
            chunk = await self._next(idle)
            size += len(chunk)
            if size > limit:
                raise PayloadTooLarge(details={"limit_bytes": limit})
            if chunk:
                yield chunk

    async def _next(self, idle: float) -> bytes:
        try:
            async with asyncio.timeout(idle):
                message = await self._receive()
        except TimeoutError as error:
            raise RequestTooSlow from error
        if message["type"] == "http.disconnect":
            self._is_gone = True
            self._has_ended.set()
            raise InvalidRequest("The request body broke off")
        if not message.get("more_body", False):
            self._has_ended.set()
        chunk: bytes = message.get("body", b"")
        return chunk

    async def receive(self) -> Message:
        """For the framework: an empty body, and then the client's disconnect."""
        if not self._announced:
            self._announced = True
            return {"type": "http.request", "body": b"", "more_body": False}
        # Until the body has ended, only its reader may take messages.
        await self._has_ended.wait()
        if self._is_gone:
            return {"type": "http.disconnect"}
        return await self._receive()


class StreamedBodies:
    """ASGI middleware that keeps the bodies of marked views out of the framework's memory."""

    def __init__(self, app: Quart, inner: AsgiApp) -> None:
        self._app = app
        self._inner = inner
        self._adapter: MapAdapter = app.url_map.bind("")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            headers = dict(scope["headers"])
            kind = headers.get(b"content-type", b"")
            if kind.lower().startswith(MULTIPART) and self._is_marked(scope):
                length = headers.get(b"content-length", b"")
                body = StreamedBody(
                    kind.decode("latin-1"), int(length) if length.isdigit() else None, receive
                )
                scope[STREAMED] = body
                receive = body.receive
        await self._inner(scope, receive, send)

    def _is_marked(self, scope: Scope) -> bool:
        try:
            endpoint, _ = self._adapter.match(scope["path"], method=scope["method"])
        except HTTPException:
            return False
        return hasattr(self._app.view_functions[endpoint], _MARK)


def with_streamed_bodies(app: Quart, inner: AsgiApp) -> AsgiApp:
    """The app behind the middleware, if any view of it is marked."""
    is_needed = any(hasattr(view, _MARK) for view in app.view_functions.values())
    return StreamedBodies(app, inner) if is_needed else inner
