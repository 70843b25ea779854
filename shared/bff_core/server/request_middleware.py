"""The outermost layer of an app: correlation id, timing, span, and the one log line per request."""

import logging
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import structlog
from structlog.contextvars import bound_contextvars

from bff_core.clock import Clock
from bff_core.context import CorrelationId
from bff_core.errors import ClientError, UpstreamAborted
from bff_core.observability import CALL_LOG, UNTRACED, CallNote, Metrics, Span, tracing
from bff_core.server.asgi import AsgiApp, Message, Receive, Scope, Send
from bff_core.server.envelope import send_error
from bff_core.server.request_slot import RequestSlot

STATE = "bff_core.request_state"
UNMATCHED = "unmatched"
OPERATOR_PATHS = frozenset({"/healthz", "/ready", "/metrics"})
"""Neither limited nor traced, and logged only when they fail."""
HTTP_VERSIONS = frozenset({"1", "1.0", "1.1"})
"""Granian writes HTTP/1.0 as `1`."""
LABELLED_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
NOT_MODIFIED = 304
_ID = b"x-correlation-id"

log = structlog.get_logger()


class RequestTooSlow(ClientError):
    code = "INVALID_REQUEST"
    status = 408
    message = "The request body did not arrive in time"


class HttpVersionNotSupported(ClientError):
    code = "INVALID_REQUEST"
    status = 505
    message = "This service speaks HTTP/1.1"


@dataclass(slots=True)
class RequestState:
    """Facts about one request while it is answered; lives in the ASGI scope."""

    correlation_id: CorrelationId
    started: float = field(default_factory=time.perf_counter)
    route: str = UNMATCHED
    user_id: str | None = None
    status: int = 0
    streaming_since: float | None = None
    """Since when the answer is a stream, whose length is no measure of latency."""
    calls: list[CallNote] = field(default_factory=list)
    is_internal_read: bool = False
    """Another service reads, which logs the person's request itself, or polls."""
    slot: RequestSlot | None = None
    """Absent where no limit counts the request."""


def request_state(scope: Any) -> RequestState:
    """The state of the request with this scope; made here in an app without the middleware."""
    if STATE not in scope:
        scope[STATE] = RequestState(correlation_id_from(scope["headers"]))
    state: RequestState = scope[STATE]
    return state


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
    """ASGI middleware around the whole app, so that no answer leaves without its id and log line."""

    def __init__(self, app: AsgiApp, metrics: Metrics, *, service: str, clock: Clock) -> None:
        self._app = app
        self._metrics = metrics
        self._service = service
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] in OPERATOR_PATHS:
            await self._serve(scope, receive, send, UNTRACED)
        else:
            with tracing().server_span(scope["headers"]) as span:
                await self._serve(scope, receive, send, span)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, span: Span) -> None:
        state = scope[STATE] = RequestState(correlation_id_from(scope["headers"]))
        fields: dict[str, str] = {"correlation_id": state.correlation_id}
        if span.trace_id is not None:
            fields["trace_id"] = span.trace_id

        async def send_stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                state.status = message["status"]
                # A forwarded answer may bring an id of its own.
                headers = [pair for pair in message.get("headers", []) if pair[0].lower() != _ID]
                headers.append((_ID, state.correlation_id.encode()))
                message["headers"] = headers
            await send(message)

        call_log = CALL_LOG.set(state.calls)
        with bound_contextvars(**fields), self._metrics.in_flight.track_inprogress():
            try:
                if scope["http_version"] in HTTP_VERSIONS:
                    await self._app(scope, receive, send_stamped)
                else:
                    error, id_ = HttpVersionNotSupported(), state.correlation_id
                    await send_error(send_stamped, error, id_, self._service, self._clock)
            except UpstreamAborted:
                # Returning without the last message makes the server close the connection.
                pass
            finally:
                CALL_LOG.reset(call_log)
                method = scope["method"] if scope["method"] in LABELLED_METHODS else "OTHER"
                span.set_response(method, state.route, state.status)
                self._report(scope["method"], method, state)

    def _report(self, method: str, label: str, state: RequestState) -> None:
        elapsed = (state.streaming_since or time.perf_counter()) - state.started
        self._metrics.observe_request(label, state.route, state.status, elapsed)
        if state.route in OPERATOR_PATHS and state.status < 400:
            return
        if state.calls and log.is_enabled_for(logging.DEBUG):
            calls = sorted(state.calls, key=lambda note: note.started)
            notes = [note.since(state.started) for note in calls]
            log.debug("request_calls", route=state.route, calls=notes)
        # A page that found nothing new is no news either.
        is_quiet = state.status == NOT_MODIFIED or (state.is_internal_read and state.status < 400)
        log.log(
            logging.DEBUG if is_quiet else logging.INFO,
            "request",
            method=method,
            route=state.route,
            status=state.status,
            duration_ms=round(elapsed * 1000, 2),
            user_id=state.user_id,
        )
