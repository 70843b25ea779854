"""A limit on the requests that are answered at a time."""

from bff_core.clock import Clock
from bff_core.errors import Unavailable
from bff_core.observability import Metrics
from bff_core.server.asgi import AsgiApp, Receive, Scope, Send
from bff_core.server.envelope import send_error
from bff_core.server.request_middleware import request_state

EXEMPT_PATHS = frozenset({"/healthz", "/ready", "/metrics"})
RETRY_AFTER = 1.0
_SLOT = "bff_core.concurrency_slot"


class ConcurrencyLimiter:
    """ASGI middleware that answers 503 when too many requests are in flight.

    Health and metrics always pass.
    """

    def __init__(
        self, app: AsgiApp, *, limit: int, service: str, clock: Clock, metrics: Metrics
    ) -> None:
        self._app = app
        self._limit = limit
        self._service = service
        self._clock = clock
        self._metrics = metrics
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in EXEMPT_PATHS:
            await self._app(scope, receive, send)
            return
        if self._in_flight >= self._limit:
            self._metrics.shed.inc()
            error = Unavailable(
                "Too many requests are being answered; try again in a moment",
                retry_after=RETRY_AFTER,
            )
            correlation_id = request_state(scope).correlation_id
            await send_error(send, error, correlation_id, self._service, self._clock)
            return
        self._in_flight += 1
        scope[_SLOT] = self
        try:
            await self._app(scope, receive, send)
        finally:
            release_slot(scope)

    def release(self) -> None:
        self._in_flight -= 1


def release_slot(scope: Scope) -> None:
    """Stop counting a request, once; an open stream has a limit of its own."""
    limiter: ConcurrencyLimiter | None = scope.pop(_SLOT, None)
    if limiter is not None:
        limiter.release()
