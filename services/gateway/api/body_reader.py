"""Reading one request from an ASGI server: its body, the client's disconnect, and the errors of both."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable

from bff_core.composition import fan_out
from bff_core.errors import BffError, InvalidRequest, PayloadTooLarge, UpstreamAborted
from bff_core.server import AsgiApp, Message, Receive, RequestTooSlow, Scope, Send, request_state
from services.gateway.api.header_policy import REJECTION
from services.gateway.implementations.forwarding import collect

READ_AHEAD = 4
"""Body chunks that are read before they are needed; then the client has to wait."""


class ClientDisconnected(Exception):
    """The client closed its connection before the response was complete."""


class BodyReader:
    """Receives the messages of one request in one task, which lasts as long as the response."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue(READ_AHEAD)
        self._buffered: deque[bytes | None] = deque()

    async def cancel_on_disconnect(self, response: Awaitable[None]) -> None:
        """Await the response; cancel it when the client disconnects.

        Raises:
            ClientDisconnected: The client disconnected.
            InvalidRequest: The body broke off, or its framing is invalid.
        """
        async with fan_out() as tasks:
            watch = tasks.create_task(self.disconnect_watch())
            await response
            watch.cancel()

    async def disconnect_watch(self) -> None:
        """Queue the body, then wait until the client disconnects; raises as above."""
        more_body = True
        while (message := await self._receive())["type"] != "http.disconnect":
            if chunk := message.get("body"):
                await self._chunks.put(chunk)
            more_body = message.get("more_body", False)
            if not more_body:
                await self._chunks.put(None)
        if more_body:
            raise InvalidRequest("The request body broke off")
        raise ClientDisconnected

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives, what is buffered first."""
        while True:
            chunk = self._buffered.popleft() if self._buffered else await self._chunks.get()
            if chunk is None:
                return
            yield chunk

    async def buffer(self, size: int, *, seconds: float) -> None:
        """Wait until the body has ended, or at least `size` bytes of it have arrived.

        Raises:
            RequestTooSlow: It took longer than `seconds`.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._fill_buffer(size)
        except TimeoutError as error:
            raise RequestTooSlow from error

    async def _fill_buffer(self, size: int) -> None:
        while size > 0:
            chunk = await self._chunks.get()
            self._buffered.append(chunk)
            if chunk is None:
                return
            size -= len(chunk)

    async def read(self, *, limit: int, seconds: float) -> bytes:
        """The whole of a small body.

        Raises:
            PayloadTooLarge: It is longer than `limit` bytes.
            RequestTooSlow: It took longer than `seconds`.
        """
        try:
            async with asyncio.timeout(seconds):
                body = await collect(self.chunks(), limit=limit)
        except TimeoutError as error:
            raise RequestTooSlow from error
        if body is None:
            raise PayloadTooLarge
        return body


async def answer_with(handling: Awaitable[None], app: AsgiApp, scope: Scope, send: Send) -> None:
    """Await what answers the request; its error is answered by the app, unless an answer began."""
    try:
        await handling
    except ClientDisconnected:
        return
    except UpstreamAborted:
        raise
    except Exception as error:
        if not request_state(scope).status:
            scope[REJECTION] = error
            await app(scope, _receive_nothing, send)
        elif not isinstance(error, BffError):
            raise


async def _receive_nothing() -> Message:
    """Stands in for `receive` when the app only answers: the body is read already, or unwanted."""
    await asyncio.Event().wait()
    return {"type": "http.disconnect"}
