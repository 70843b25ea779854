"""Between ASGI and Quart: one request, ended when its caller hangs up."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial

from quart import Request, Response
from quart.asgi import ASGIHTTPConnection
from quart.wrappers.response import DataBody

from bff_core.server.caller import CALLER, Caller
from bff_core.server.request_middleware import Receive, Scope, SendMessage
from bff_core.time_limit import TimeLimit

Watch = Callable[[], Awaitable[None]]
"""Reads what the caller sends, and returns when they have gone."""


def watch_of(scope: Scope, receive: Receive) -> Watch | Caller:
    """What tells that the caller of a request without a body has gone: our server, or the message."""
    known: Caller | None = scope.get("state", {}).get(CALLER)
    return known or partial(_until_gone, receive)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def while_caller_stays(answer: Awaitable[None], watch: Watch | Caller) -> None:
    """Answer in the server's task; if the caller hangs up first, the answer is cancelled."""
    # Expires when the caller has gone: unlike a bare cancel it cannot come too late.
    staying = TimeLimit(None)
    watching = watch if isinstance(watch, Caller) else _Watching(watch)
    try:
        with staying:
            watching.begin(staying.end)
            try:
                await answer
            finally:
                watching.end()
    except TimeoutError:
        if not staying.expired:
            raise


class _Watching:
    """Begins when the answer waits for the first time; what is answered at once needs no task."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None

    def begin(self, tell: Callable[[], None]) -> None:
        self._beginning = self._loop.call_soon(self._start, tell)

    def _start(self, tell: Callable[[], None]) -> None:
        self._task = self._loop.create_task(self._run(tell))

    async def _run(self, tell: Callable[[], None]) -> None:
        await self._watch()
        tell()

    def end(self) -> None:
        self._beginning.cancel()
        # Let go of: a task and its watch that hold each other wait for the garbage collector.
        task, self._task = self._task, None
        if task is not None:
            task.cancel()


class Connection(ASGIHTTPConnection):
    """Quart's own takes four tasks a request to watch and answer it, and three messages to answer.

    The request is handled in the server's task, and one more watches the caller.
    """

    async def __call__(self, receive: Receive, send: SendMessage) -> None:  # type: ignore[override]  # ASGI, typed more loosely
        request = self._create_request_from_scope(send)  # type: ignore[arg-type]  # the same
        watch = partial(self.handle_messages, request, receive)  # type: ignore[arg-type]  # the same
        await while_caller_stays(self.handle_request(request, send), watch)

    async def handle_request(self, request: Request, send: SendMessage) -> None:  # type: ignore[override]  # the same
        response = await self.app.handle_request(request)
        timeout = getattr(response, "timeout", ...)
        longest = self.app.config["RESPONSE_TIMEOUT"] if timeout is ... else timeout
        with suppress(TimeoutError), TimeLimit(longest):
            await self._send_response(send, response)  # type: ignore[arg-type]  # the same

    async def _send_response(self, send: SendMessage, response: Response) -> None:  # type: ignore[override]  # the same
        whole = response.response
        if not isinstance(whole, DataBody):
            await super()._send_response(send, response)  # type: ignore[arg-type]  # the same
            return
        body = whole.data[whole.begin : whole.end]
        await send_whole(send, response.status_code, response.headers.items(), body)


async def send_whole(
    send: SendMessage, status: int, headers: Iterable[tuple[str, str]], body: bytes
) -> None:
    """Send an answer of known length in two messages."""
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": False})
