"""The outermost layer of a service: correlation id, timing, span, the one log line per request."""

import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from bff_core.context import CorrelationId
from bff_core.errors import UpstreamAborted
from bff_core.observability import CALL_LOG, LOG_CONTEXT, UNTRACED, CallNote, Metrics, Span, tracing

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
SendMessage = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, SendMessage], Awaitable[None]]

STATE = "bff_core.exchange"
UNMATCHED = "unmatched"
_ID = b"x-correlation-id"
QUIET_ROUTES = frozenset({"/healthz", "/ready", "/metrics"})

log = structlog.get_logger()


@dataclass(slots=True)
class RequestState:
    """What is known of one request while it is answered; lives in the ASGI scope."""

    correlation_id: CorrelationId
    started: float = field(default_factory=time.perf_counter)
    route: str = UNMATCHED
    user_id: str | None = None
    status: int = 0
    streams_since: float | None = None
    """When the answer became a stream, whose length says nothing of how fast we are."""
    calls: list[CallNote] = field(default_factory=list)


def request_state(scope: Any) -> RequestState:
    """What is known of the request that a framework is handling, edge or no edge around it."""
    if STATE not in scope:
        scope[STATE] = RequestState(correlation_id_from(scope["headers"]))
    exchange: RequestState = scope[STATE]
    return exchange


def correlation_id_from(headers: list[tuple[bytes, bytes]]) -> CorrelationId:
    """The caller's id when it is one valid UUID, else a new one."""
    given = [value for name, value in headers if name == _ID]
    if len(given) == 1:
        try:
            return CorrelationId(str(uuid.UUID(given[0].decode("ascii"))))
        except ValueError:
            pass
    return CorrelationId(str(uuid.uuid4()))


class RequestMiddleware:
    """ASGI middleware around the whole app, so that no answer leaves without its id and line."""

    def __init__(self, app: AsgiApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._inside = 0
        # Read by the scrape: the library's own counting takes a lock twice a request.
        metrics.in_flight.set_function(lambda: self._inside)

    async def __call__(self, scope: Scope, receive: Receive, send: SendMessage) -> None:
        if scope["type"] == "websocket":
            # No service of ours speaks it, and error handlers know HTTP requests only.
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope.get("path") in QUIET_ROUTES:
            await self._serve(scope, receive, send, UNTRACED)
            return
        with tracing().serving(scope["headers"]) as span:
            await self._serve(scope, receive, send, span)

    async def _serve(self, scope: Scope, receive: Receive, send: SendMessage, span: Span) -> None:
        exchange = RequestState(correlation_id_from(scope["headers"]))
        scope[STATE] = exchange
        self._inside += 1
        names = _names_of(exchange, span)
        outer_names, outer_calls = LOG_CONTEXT.set(names), CALL_LOG.set(exchange.calls)
        try:
            await self._app(scope, receive, _stamping(exchange, send))
        except UpstreamAborted:
            # Returning without the last message makes the server close the connection.
            pass
        finally:
            CALL_LOG.reset(outer_calls)
            LOG_CONTEXT.reset(outer_names)
            self._inside -= 1
            span.served(_known(scope["method"]), exchange.route, exchange.status)
            self._close(scope["method"], exchange, names)

    def _close(self, method: str, exchange: RequestState, names: Mapping[str, str]) -> None:
        elapsed = (exchange.streams_since or time.perf_counter()) - exchange.started
        self._metrics.observe_request(_known(method), exchange.route, exchange.status, elapsed)
        if exchange.route in QUIET_ROUTES and exchange.status < 400:
            return
        if exchange.calls and log.is_enabled_for(logging.DEBUG):
            calls = sorted(exchange.calls, key=lambda note: note.started)
            log.debug(
                "request_calls",
                route=exchange.route,
                calls=[note.since(exchange.started) for note in calls],
                **names,
            )
        log.info(
            "request",
            method=method,
            route=exchange.route,
            status=exchange.status,
            duration_ms=round(elapsed * 1000, 2),
            user_id=exchange.user_id,
            **names,
        )


def _names_of(exchange: RequestState, span: Span) -> dict[str, str]:
    """What every line of the log says of its request."""
    names: dict[str, str] = {"correlation_id": exchange.correlation_id}
    return names if span.trace_id is None else {**names, "trace_id": span.trace_id}


def _known(method: str) -> str:
    """A label of bounded variety: callers may invent methods."""
    return method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} else "OTHER"


def _stamping(exchange: RequestState, send: SendMessage) -> SendMessage:
    async def stamped(message: Message) -> None:
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
            # An answer that is passed on may bring an id of its own.
            headers = [pair for pair in message.get("headers", []) if pair[0].lower() != _ID]
            headers.append((_ID, exchange.correlation_id.encode()))
            message["headers"] = headers
        await send(message)

    return stamped
