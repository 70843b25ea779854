"""The layer between a server and an app."""

import asyncio
from typing import Any

import pytest

from bff_core.server import Lifecycle, LifecycleMiddleware

BODY = [(b"content-length", b"6")]


class Connection:
    """A server's side of one request; records in which order the app reads and writes."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = list(chunks)
        self.log: list[str] = []
        self.headers: list[tuple[bytes, bytes]] = []

    async def receive(self) -> dict[str, Any]:
        if not self._chunks:
            self.log.append("gone")
            return {"type": "http.disconnect"}
        chunk = self._chunks.pop(0)
        self.log.append("read")
        return {"type": "http.request", "body": chunk, "more_body": bool(self._chunks)}

    async def send(self, message: Any) -> None:
        self.log.append(message["type"].rpartition(".")[2])
        self.headers += message.get("headers", [])


def answering(status: int) -> Any:
    async def app(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return app


async def serve(
    connection: Connection,
    app: Any,
    headers: list[tuple[bytes, bytes]],
    lifecycle: Lifecycle | None = None,
) -> None:
    middleware = LifecycleMiddleware(app, lifecycle or Lifecycle("ready"))
    await middleware({"type": "http", "headers": headers}, connection.receive, connection.send)


async def test_refusal_before_the_body_arrives_waits_for_it() -> None:
    connection = Connection(b"abc", b"def")

    await serve(connection, answering(401), BODY)

    assert connection.log == ["read", "read", "start", "body"]


async def test_success_does_not_wait_for_the_body() -> None:
    connection = Connection(b"abc", b"def")

    await serve(connection, answering(200), BODY)

    assert connection.log == ["start", "body"]


async def test_body_that_the_client_sends_on_request_only_is_not_waited_for() -> None:
    connection = Connection(b"abc")

    await serve(connection, answering(413), [*BODY, (b"expect", b"100-continue")])

    assert connection.log == ["start", "body"]


async def test_refusal_of_a_client_that_has_gone_ends() -> None:
    connection = Connection()

    await serve(connection, answering(401), BODY)

    assert connection.log == ["gone", "start", "body"]


@pytest.mark.parametrize(
    ("lifecycle", "headers"),
    [(Lifecycle("ready"), []), (Lifecycle("draining"), [(b"connection", b"close")])],
)
async def test_draining_process_asks_for_another_connection(
    lifecycle: Lifecycle, headers: list[tuple[bytes, bytes]]
) -> None:
    connection = Connection()

    await serve(connection, answering(200), [], lifecycle)

    assert connection.headers == headers


async def test_lifespan_is_answered_without_the_app() -> None:
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await LifecycleMiddleware(answering(500), Lifecycle())({"type": "lifespan"}, receive, send)

    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_requests_beyond_the_grace_period_are_cancelled() -> None:
    started = asyncio.Event()

    async def hanging(_: Any, __: Any, ___: Any) -> None:
        started.set()
        await asyncio.Event().wait()

    connection = Connection()
    middleware = LifecycleMiddleware(hanging, Lifecycle("draining"))
    request = asyncio.ensure_future(
        middleware({"type": "http", "headers": []}, connection.receive, connection.send)
    )
    await started.wait()

    middleware.cancel_all()

    with pytest.raises(asyncio.CancelledError):
        await request
