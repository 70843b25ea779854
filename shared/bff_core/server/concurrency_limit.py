"""A limit on the requests that are answered at a time, with a share for each caller."""

from bff_core.clock import Clock
from bff_core.errors import Unavailable
from bff_core.observability import Metrics
from bff_core.server.asgi import AsgiApp, Receive, Scope, Send
from bff_core.server.envelope import send_error
from bff_core.server.request_middleware import OPERATOR_PATHS, request_state
from bff_core.server.request_slot import RequestSlot, RequestSlots


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
