"""A request context without a request."""

from collections.abc import Iterable

from bff_core.clock import Clock
from bff_core.context import TEACHER, CorrelationId, Deadline, OrgId, RequestContext, Role, UserId
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
