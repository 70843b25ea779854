"""Types of the ASGI interface, a whole response through it, and the state of a request in its scope."""

import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from bff_core.context import CorrelationId
from bff_core.observability import CallNote
from bff_core.server.concurrency_limiter import RequestSlot

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


async def send_response(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Send a response whose body is known."""
    raw = [
        (name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()
    ]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


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
