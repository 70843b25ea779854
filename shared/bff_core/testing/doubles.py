"""Doubles of what a call needs: a context without a request, a runtime without Redis, a cache."""

from collections.abc import Iterable

from bff_core.client import ClientRuntime
from bff_core.clock import Clock, SystemClock
from bff_core.context import TEACHER, CorrelationId, Deadline, OrgId, RequestContext, Role, UserId
from bff_core.observability import Metrics
from bff_core.testing.clock import FakeClock

CORRELATION_ID = CorrelationId("00000000-0000-4000-8000-000000000001")


def a_context(
    user_id: str = "teacher-1",
    *,
    roles: Iterable[Role] = (TEACHER,),
    org_id: str | None = None,
    seconds: float = 3.0,
    clock: Clock | None = None,
    correlation_id: str = CORRELATION_ID,
    authorization: str = "Bearer a-verified-token",
    traceparent: str | None = None,
    tracestate: str | None = None,
    accept_language: str = "",
) -> RequestContext:
    """The context of a teacher's request that is due in `seconds`, by default on a FakeClock."""
    return RequestContext(
        user_id=UserId(user_id),
        roles=frozenset(roles),
        org_id=OrgId(org_id) if org_id is not None else None,
        correlation_id=CorrelationId(correlation_id),
        deadline=Deadline.after(seconds, clock or FakeClock()),
        authorization=authorization,
        traceparent=traceparent,
        tracestate=tracestate,
        accept_language=accept_language,
    )


def a_client_runtime(metrics: Metrics | None = None, clock: Clock | None = None) -> ClientRuntime:
    """A runtime with a cache and metrics of its own."""
    return ClientRuntime(metrics or Metrics("example"), clock or SystemClock())


class FakeSharedCache:
    """A `SharedCache`, on a clock; `held` is its content. While `away`, reads miss, writes do nothing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}
        self.held: dict[str, bytes] = {}
        self.away = False
        self.asked = 0

    async def get(self, key: str) -> bytes | None:
        self.asked += 1
        if self.away or self._until.get(key, 0.0) <= self._clock.monotonic():
            return None
        return self.held.get(key)

    async def put(self, key: str, value: bytes, *, ttl: float) -> None:
        if not self.away:
            self.held[key] = value
            self._until[key] = self._clock.monotonic() + ttl

    async def drop(self, key: str) -> None:
        if not self.away:
            self.held.pop(key, None)
