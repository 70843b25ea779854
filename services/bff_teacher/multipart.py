"""Multipart bodies that a route reads as they arrive; Werkzeug finds the boundaries."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import Any, TypeVar

from dishka import Provider, Scope, provide
from quart import Quart, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from bff_core.errors import (
    InvalidRequest,
    PayloadTooLarge,
    UnsupportedMediaType,
    unsupported_encoding,
)
from bff_core.server import AsgiApp, Message, Receive, RequestTooSlow, Send, file_field
from bff_core.server import Scope as AsgiScope
from services.bff_teacher.ports.forms import BodyLimits, FormBody, PartData, PartHead

STREAMED = "bff_teacher.streamed_body"
MULTIPART = b"multipart/form-data"
PIECE_BYTES = 64 * 1024
MAX_BUFFER_BYTES = 4 * PIECE_BYTES
"""Bytes between two events: headers of a part, or what follows the last one."""
MAX_BOUNDARY_BYTES = 200
"""RFC 2046 allows 70; some clients use more."""
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


class StreamedBody:
    """The body of one request. The client sends no faster than it is read."""

    def __init__(self, content_type: str, length: int | None, receive: Receive) -> None:
        self.content_type = content_type
        self._length = length
        self._receive = receive
        self._is_free = asyncio.Event()
        """Set when the reader takes no more messages: the body has ended, or is answered."""
        self._has_ended = False
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
        while not self._has_ended:
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
            self._end()
            raise InvalidRequest("The request body broke off")
        if not message.get("more_body", False):
            self._end()
        chunk: bytes = message.get("body", b"")
        return chunk

    async def receive(self) -> Message:
        """For the framework: an empty body, and then the client's disconnect."""
        if not self._announced:
            self._announced = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._is_free.wait()
        if self._is_gone:
            return {"type": "http.disconnect"}
        # Hypercorn, which waits to hand on the rest of a body, would never end the request.
        while (message := await self._receive())["type"] == "http.request":
            pass
        return message

    def answer_with(self, send: Send) -> Send:
        """`send`, after whose first message nobody reads the body any more."""

        async def sending(message: Message) -> None:
            self._is_free.set()
            await send(message)

        return sending

    def _end(self) -> None:
        self._has_ended = True
        self._is_free.set()


class StreamedBodies:
    """ASGI middleware that keeps the bodies of marked views out of the framework's memory."""

    def __init__(self, app: Quart, inner: AsgiApp) -> None:
        self._app = app
        self._inner = inner
        self._adapter = app.url_map.bind("")

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            headers = dict(scope["headers"])
            kind = headers.get(b"content-type", b"")
            if kind.lower().startswith(MULTIPART) and self._is_marked(scope):
                length = headers.get(b"content-length", b"")
                body = StreamedBody(
                    kind.decode("latin-1"), int(length) if length.isdigit() else None, receive
                )
                scope[STREAMED] = body
                receive, send = body.receive, body.answer_with(send)
        await self._inner(scope, receive, send)

    def _is_marked(self, scope: AsgiScope) -> bool:
        try:
            endpoint, _ = self._adapter.match(scope["path"], method=scope["method"])
        except HTTPException:
            return False
        return hasattr(self._app.view_functions[endpoint], _MARK)


class FormBodyProvider(Provider):
    """Provides the body of the request that a marked view answers."""

    @provide(scope=Scope.REQUEST)
    def form_body(self) -> FormBody:
        """Provide the body.

        Raises:
            UnsupportedMediaType: It is not declared as a multipart form.
        """
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise unsupported_encoding()
        body = request.scope.get(STREAMED)
        if not isinstance(body, StreamedBody):
            raise UnsupportedMediaType("The request body must be multipart/form-data")
        return StreamedForm(body)


class StreamedForm:
    """The parts of a body as they arrive."""

    def __init__(self, body: StreamedBody) -> None:
        self._body = body

    async def parts(self, limits: BodyLimits) -> AsyncGenerator[PartHead | PartData, None]:
        options = parse_options_header(self._body.content_type)[1]
        boundary = options.get("boundary", "").encode("latin-1", "ignore")
        if not 0 < len(boundary) <= MAX_BOUNDARY_BYTES:
            raise InvalidRequest("The multipart body has no boundary")
        decoder = MultipartDecoder(
            boundary, max_form_memory_size=MAX_BUFFER_BYTES, max_parts=limits.parts
        )
        async for chunk in self._body.chunks(limit=limits.size, idle=limits.idle):
            for start in range(0, len(chunk), PIECE_BYTES):
                for part in _decoded(decoder, chunk[start : start + PIECE_BYTES]):
                    yield part
        for part in _decoded(decoder, None):
            yield part


def _decoded(decoder: MultipartDecoder, data: bytes | None) -> Iterator[PartHead | PartData]:
    """The parts that end in, or go on with, these bytes; None stands for the end of the body."""
    try:
        decoder.receive_data(data)
        while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
            match event:
                case File(name=name, filename=filename):
                    yield PartHead(name, filename)
                case Field(name=name):
                    yield PartHead(name, None)
                case Data(data=data, more_data=more):
                    yield PartData(data, is_last=not more)
    except RequestEntityTooLarge as error:
        raise PayloadTooLarge(
            "The multipart body has too many parts, or too large heads"
        ) from error
    except (ValueError, AttributeError) as error:
        # The decoder fails with an AttributeError on a part without a line break before its data.
        raise InvalidRequest("The multipart body cannot be read") from error
