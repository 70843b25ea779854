"""Types of the ASGI interface, the state of a request in its scope, and the limit that counts it."""

import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from bff_core.context import CorrelationId
from bff_core.errors import RateLimited, Unavailable
from bff_core.fair_slots import UNSHARED, FairSlots
from bff_core.observability import CallNote, Metrics

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

STATE = "bff_core.request_state"
UNMATCHED = "unmatched"
OPERATOR_PATHS = frozenset({"/healthz", "/ready", "/metrics"})
"""Neither limited nor traced, and logged only when they fail."""
CORRELATION_ID = b"x-correlation-id"
RETRY_AFTER = 1.0
"""Seconds after which a request beyond a limit may be sent again."""


async def send_response(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Send a response whose body is known."""
    raw = [
        (name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()
    ]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


class ConcurrencyLimiter:
    """Admits `limit` requests, and `per_caller` of one caller; none waits."""

    def __init__(self, limit: int, per_caller: int, metrics: Metrics) -> None:
        self.slots = FairSlots(limit, per_caller=per_caller)
        self.metrics = metrics

    def acquire(self) -> "RequestSlot":
        """Count a request until its slot is released.

        Raises:
            Unavailable: Too many are in flight.
        """
        if not self.slots.try_acquire(UNSHARED):
            self.metrics.shed.inc()
            raise Unavailable(
                "Too many requests are being answered; try again in a moment",
                retry_after=RETRY_AFTER,
            )
        return RequestSlot(self)


@dataclass(slots=True)
class RequestSlot:
    """The slot of one request; releasing it twice does nothing."""

    limiter: ConcurrencyLimiter
    caller: str = UNSHARED
    held: bool = True

    def assign(self, caller: str) -> None:
        """Count the request against this caller, and no longer against the one before.

        Raises:
            RateLimited: Too many requests of the caller are in flight.
        """
        if not self.held or caller == self.caller:
            return
        slots = self.limiter.slots
        if slots.at_share(caller):
            self.limiter.metrics.over_share.inc()
            # A refusal is no work, and the fast path lets Quart authorize it once more to answer it.
            self.release()
            raise RateLimited(
                "Too many of your requests are being answered; try again in a moment",
                retry_after=RETRY_AFTER,
            )
        slots.release(self.caller)
        slots.try_acquire(caller)
        self.caller = caller

    def release(self) -> None:
        if self.held:
            self.held = False
            self.limiter.slots.release(self.caller)


@dataclass(slots=True)
class RequestState:
    """Facts about one request while it is answered."""

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


def release_slot(scope: Scope) -> None:
    """Stop counting a request: an open stream has a limit of its own, a refusal is no work."""
    slot = request_state(scope).slot
    if slot is not None:
        slot.release()


def correlation_id_from(headers: list[tuple[bytes, bytes]]) -> CorrelationId:
    """The caller's id when it is one valid UUID, else a new one."""
    given = [value for name, value in headers if name == CORRELATION_ID]
    if len(given) == 1:
        try:
            return CorrelationId(str(uuid.UUID(given[0].decode("ascii"))))
        except ValueError:
            pass
    return CorrelationId(str(uuid.uuid4()))
