"""ASGI middleware around an app: correlation id, timing, span, log line, and the limit of requests."""

import logging
import time

import structlog
from structlog.contextvars import bind_contextvars, reset_contextvars

from bff_core.errors import BffError, ClientError, UpstreamAborted
from bff_core.observability import CALL_LOG, UNTRACED, Metrics, Span, tracing
from bff_core.server.asgi import (
    CORRELATION_ID,
    OPERATOR_PATHS,
    STATE,
    AsgiApp,
    ConcurrencyLimiter,
    Message,
    Receive,
    RequestState,
    Scope,
    Send,
    correlation_id_from,
)
from bff_core.server.errors import ErrorHandlers

HTTP_VERSIONS = frozenset({"1", "1.0", "1.1"})
"""Granian writes HTTP/1.0 as `1`."""
LABELLED_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})

log = structlog.get_logger()


class HttpVersionNotSupported(ClientError, code="INVALID_REQUEST", status=505):
    message = "This service speaks HTTP/1.1"


class RequestMiddleware:
    """ASGI middleware around the whole app, so that no answer leaves without its id and log line.

    A request beyond the limiter's bound is answered 503; health and metrics always pass. The guard
    assigns the slot to the user.
    """

    def __init__(
        self, app: AsgiApp, metrics: Metrics, limiter: ConcurrencyLimiter, errors: ErrorHandlers
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._limiter = limiter
        self._errors = errors
        self._in_flight = 0
        metrics.in_flight.set_function(lambda: self._in_flight)

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
                headers = [
                    pair for pair in message.get("headers", []) if pair[0].lower() != CORRELATION_ID
                ]
                headers.append((CORRELATION_ID, state.correlation_id.encode()))
                message["headers"] = headers
            await send(message)

        call_log, bound = CALL_LOG.set(state.calls), bind_contextvars(**fields)
        self._in_flight += 1
        try:
            await self._answer(scope, receive, send_stamped, state)
        except UpstreamAborted:
            # Returning without the last message makes the server close the connection.
            pass
        finally:
            self._in_flight -= 1
            method = scope["method"] if scope["method"] in LABELLED_METHODS else "OTHER"
            span.set_response(method, state.route, state.status)
            self._report(scope["method"], method, state)
            reset_contextvars(**bound)
            CALL_LOG.reset(call_log)

    async def _answer(
        self, scope: Scope, receive: Receive, send: Send, state: RequestState
    ) -> None:
        try:
            self._admit(scope, state)
        except BffError as error:
            await self._errors.send(send, error, state.correlation_id)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            if state.slot is not None:
                state.slot.release()

    def _admit(self, scope: Scope, state: RequestState) -> None:
        if scope["http_version"] not in HTTP_VERSIONS:
            raise HttpVersionNotSupported
        if scope["path"] not in OPERATOR_PATHS:
            state.slot = self._limiter.acquire()

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
        is_quiet = state.status == 304 or (state.is_internal_read and state.status < 400)
        log.log(
            logging.DEBUG if is_quiet else logging.INFO,
            "request",
            method=method,
            route=state.route,
            status=state.status,
            duration_ms=round(elapsed * 1000, 2),
            user_id=state.user_id,
        )
