"""The life of a process: whether it takes requests, and how those in flight end."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from bff_core.server.asgi import AsgiApp, Message, Receive, Scope, Send, release_slot
from bff_core.server.connections import Peer

BODY_HEADERS = frozenset({b"content-length", b"transfer-encoding"})
DRAIN_SECONDS = 2.0
DRAIN_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class Lifecycle:
    """State of this process as load balancers see it."""

    state: Literal["starting", "ready", "draining"] = "starting"
    when_draining: list[Callable[[], None]] = field(default_factory=list)
    """Called once, when no new requests are wanted: open streams must end now."""
    when_answered: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """Awaited after the last response, while the grace period lasts: writes whose callers are gone."""
    grace_ends: float = 0.0
    """By the clock of the loop."""

    def start(self) -> None:
        self.state = "ready"

    def drain(self) -> None:
        """Ask for no new requests; those in flight end by themselves."""
        if self.state == "draining":
            return
        self.state = "draining"
        for callback in self.when_draining:
            callback()

    async def finish(self) -> None:
        """Wait for what goes on without a request, until the grace period ends."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self.grace_ends):
                for wait in self.when_answered:
                    await wait()


class LifecycleMiddleware:
    """ASGI layer between the server and the app, the same for every server.

    It answers lifespan messages itself, because `serve` starts and stops the app. While the process
    drains it asks clients to open another connection. A refusal that is sent before the request's
    body has arrived stays readable: the body is read and dropped first, within bounds, because
    closing a connection with unread bytes makes the client's system discard the refusal.
    """

    def __init__(self, app: AsgiApp, lifecycle: Lifecycle) -> None:
        self._app = app
        self._lifecycle = lifecycle
        self._headers: list[tuple[bytes, bytes]] = []
        self._in_flight: dict[asyncio.Task[object], Iterable[object] | None] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _acknowledge(receive, send)
            return
        body = RequestBody(receive) if _sends_body_unasked(scope) else None

        async def respond(message: Message) -> None:
            if message["type"] == "http.response.start":
                if body and message["status"] >= 400:
                    # The answer is decided: the rest of the body must not hold a slot.
                    release_slot(scope)
                    await body.drain()
                headers = [*message.get("headers", []), *self._headers]
                if self._lifecycle.state == "draining":
                    headers.append((b"connection", b"close"))
                message = {**message, "headers": headers}
            await send(message)

        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a server calls an app in a task
        self._in_flight[task] = scope.get("client")
        try:
            await self._app(scope, body.receive if body else receive, respond)
        finally:
            del self._in_flight[task]

    def busy_peers(self) -> set[Peer]:
        """Clients whose request is being answered."""
        found = (tuple(client) for client in self._in_flight.values() if client is not None)
        return {(str(host), int(str(port))) for host, port in found}

    def hide_server(self) -> None:
        """Send a `Server` header of our own, where the server would send its name and version."""
        self._headers.append((b"server", b"huleedu"))

    def cancel_all(self) -> None:
        """Give up the requests that are still in flight when the grace period is over."""
        for task in self._in_flight:
            task.cancel()


class RequestBody:
    """Messages of a request's body; notices when all of it has arrived."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._lock = asyncio.Lock()
        self._complete = False
        self._gone = False

    async def receive(self) -> Message:
        async with self._lock:
            if self._gone:
                return {"type": "http.disconnect"}
            message = await self._receive()
            self._gone = message["type"] == "http.disconnect"
            self._complete = self._gone or not message.get("more_body", False)
            return message

    async def drain(self) -> None:
        """Read and drop the rest of the body, at most DRAIN_BYTES in DRAIN_SECONDS."""
        left = DRAIN_BYTES
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                while not self._complete and left > 0:
                    message = await self.receive()
                    left -= len(message.get("body", b""))


def _sends_body_unasked(scope: Scope) -> bool:
    """True when a body is on its way; with `Expect` the client waits for the answer first."""
    if scope["type"] != "http":
        return False
    names = {name for name, _ in scope["headers"]}
    return b"expect" not in names and not names.isdisjoint(BODY_HEADERS)


async def _acknowledge(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
