"""A bounded number of requests inside; beyond it, an honest refusal at once."""

from bff_core.clock import Clock
from bff_core.errors import Unavailable
from bff_core.observability import Metrics
from bff_core.server.envelope import envelope
from bff_core.server.request_middleware import AsgiApp, Receive, Scope, SendMessage, request_state

EXEMPT_PATHS = frozenset({"/healthz", "/ready", "/metrics"})
RETRY_AFTER = 1
_PLACE = "bff_core.place"


class ConcurrencyLimiter:
    """ASGI middleware inside the edge. Health and metrics pass always: they say why."""

    def __init__(
        self, app: AsgiApp, *, limit: int, service: str, clock: Clock, metrics: Metrics
    ) -> None:
        self._app = app
        self._limit = limit
        self._service = service
        self._clock = clock
        self._metrics = metrics
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: SendMessage) -> None:
        if scope["type"] != "http" or scope["path"] in EXEMPT_PATHS:
            await self._app(scope, receive, send)
            return
        if self._inside >= self._limit:
            await self._refuse(scope, send)
            return
        self._inside += 1
        scope[_PLACE] = self
        try:
            await self._app(scope, receive, send)
        finally:
            release_slot(scope)

    def left(self) -> None:
        """One request less is inside."""
        self._inside -= 1

    async def _refuse(self, scope: Scope, send: SendMessage) -> None:
        self._metrics.shed.inc()
        error = Unavailable("Too many requests are being answered; try again in a moment")
        body = envelope(error, request_state(scope).correlation_id, self._service, self._clock)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"retry-after", str(RETRY_AFTER).encode()),
        ]
        await send({"type": "http.response.start", "status": error.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def release_slot(scope: Scope) -> None:
    """Count a request as answered, once: what still streams has limits of its own."""
    door: ConcurrencyLimiter | None = scope.pop(_PLACE, None)
    if door is not None:
        door.left()
