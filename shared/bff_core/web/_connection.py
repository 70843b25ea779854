"""Between ASGI and Quart: one request, ended when its caller hangs up."""

import asyncio
from contextlib import suppress

from quart import Request, Response
from quart.asgi import ASGIHTTPConnection
from quart.wrappers.response import DataBody

from bff_core.web._edge import Receive, SendMessage


class Connection(ASGIHTTPConnection):
    """Quart's own takes four tasks a request to watch and answer it, and three messages to answer.

    The request is handled in the server's task, and one more watches the caller.
    """

    async def __call__(self, receive: Receive, send: SendMessage) -> None:  # type: ignore[override]  # ASGI, typed more loosely
        request = self._create_request_from_scope(send)  # type: ignore[arg-type]  # the same
        # Expires when the caller has gone: unlike a bare cancel it cannot come too late.
        staying = asyncio.timeout(None)
        try:
            async with staying:
                watching = asyncio.ensure_future(self._watch(request, receive, staying))
                try:
                    await self.handle_request(request, send)
                finally:
                    watching.cancel()
        except TimeoutError:
            if not staying.expired():
                raise

    async def _watch(self, request: Request, receive: Receive, staying: asyncio.Timeout) -> None:
        await self.handle_messages(request, receive)  # type: ignore[arg-type]  # the same
        staying.reschedule(asyncio.get_running_loop().time())

    async def handle_request(self, request: Request, send: SendMessage) -> None:  # type: ignore[override]  # the same
        response = await self.app.handle_request(request)
        timeout = getattr(response, "timeout", ...)
        longest = self.app.config["RESPONSE_TIMEOUT"] if timeout is ... else timeout
        with suppress(TimeoutError):
            async with asyncio.timeout(longest):
                await self._send_response(send, response)  # type: ignore[arg-type]  # the same

    async def _send_response(self, send: SendMessage, response: Response) -> None:  # type: ignore[override]  # the same
        whole = response.response
        if not isinstance(whole, DataBody):
            await super()._send_response(send, response)  # type: ignore[arg-type]  # the same
            return
        headers = [(name.lower().encode(), value.encode()) for name, value in response.headers]
        status = response.status_code
        await send({"type": "http.response.start", "status": status, "headers": headers})
        body = whole.data[whole.begin : whole.end]
        await send({"type": "http.response.body", "body": body, "more_body": False})
