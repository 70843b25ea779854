"""ASGI middleware around an app: correlation id, timing, span, log line, and a limit of requests."""

import logging
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import structlog
from structlog.contextvars import bound_contextvars

from bff_core.clock import Clock
from bff_core.context import CorrelationId
from bff_core.errors import ClientError, RateLimited, Unavailable, UpstreamAborted
from bff_core.observability import CALL_LOG, UNTRACED, CallNote, Metrics, Span, tracing
from bff_core.server.asgi import AsgiApp, Message, Receive, Scope, Send
from bff_core.server.envelope import send_error

STATE = "bff_core.request_state"
UNMATCHED = "unmatched"
OPERATOR_PATHS = frozenset({"/healthz", "/ready", "/metrics"})
"""Neither limited nor traced, and logged only when they fail."""
HTTP_VERSIONS = frozenset({"1", "1.0", "1.1"})
"""Granian writes HTTP/1.0 as `1`."""
LABELLED_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
NOT_MODIFIED = 304
RETRY_AFTER = 1.0
"""Seconds after which a request beyond a limit may be sent again."""
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
class RequestSlots:
    """At most `limit` requests, and at most `per_caller` of one caller."""

    limit: int
    per_caller: int
    metrics: Metrics
    in_flight: int = 0
    by_caller: Counter[str] = field(default_factory=Counter)


class RequestSlot:
    """The slot of one request; releasing it twice, or before it was acquired, does nothing."""

    __slots__ = ("_caller", "_held", "_slots")

    def __init__(self, slots: RequestSlots) -> None:
        self._slots = slots
        self._held = False
        self._caller: str | None = None

    def acquire(self) -> None:
        """Count the request.

        Raises:
            Unavailable: Too many are in flight.
        """
        if self._slots.in_flight >= self._slots.limit:
            self._slots.metrics.shed.inc()
            raise Unavailable(
                "Too many requests are being answered; try again in a moment",
                retry_after=RETRY_AFTER,
            )
        self._slots.in_flight += 1
        self._held = True

    def assign(self, caller: str) -> None:
        """Count the request against this caller, and no longer against the one before.

        Raises:
            RateLimited: Too many requests of the caller are in flight.
        """
        if not self._held or caller == self._caller:
            return
        slots = self._slots
        if slots.by_caller[caller] >= slots.per_caller:
            slots.metrics.over_share.inc()
            # A refusal is no work, and the fast path lets Quart authorize it once more to answer it.
            self.release()
            raise RateLimited(
                "Too many of your requests are being answered; try again in a moment",
                retry_after=RETRY_AFTER,
            )
        self._unassign()
        self._caller = caller
        slots.by_caller[caller] += 1

    def release(self) -> None:
        if self._held:
            self._held = False
            self._slots.in_flight -= 1
            self._unassign()

    def _unassign(self) -> None:
        if self._caller is None:
            return
        by_caller = self._slots.by_caller
        by_caller[self._caller] -= 1
        if not by_caller[self._caller]:
            del by_caller[self._caller]
        self._caller = None


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


class ConcurrencyLimiter:
    """ASGI middleware that answers 503 when more than `limit` requests are in flight.

    The guard answers 429 to a user with more than `per_caller`. Health and metrics always pass.
    """

    def __init__(
        self,
        app: AsgiApp,
        *,
        limit: int,
        per_caller: int,
        service: str,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._app = app
        self._service = service
        self._clock = clock
        self._slots = RequestSlots(limit, per_caller, metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPERATOR_PATHS:
            await self._app(scope, receive, send)
            return
        state = request_state(scope)
        slot = RequestSlot(self._slots)
        try:
            slot.acquire()
        except Unavailable as error:
            await send_error(send, error, state.correlation_id, self._service, self._clock)
            return
        state.slot = slot
        try:
            await self._app(scope, receive, send)
        finally:
            slot.release()


def release_slot(scope: Scope) -> None:
    """Stop counting a request: an open stream has a limit of its own, a refusal is no work."""
    slot = request_state(scope).slot
    if slot is not None:
        slot.release()
