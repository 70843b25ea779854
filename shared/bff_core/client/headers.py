"""What a downstream service is told about the request that it serves."""

from dataclasses import dataclass

from bff_core.context import Deadline, RequestContext

TIMEOUT_HEADER = "X-Request-Timeout-Ms"


@dataclass(frozen=True, slots=True)
class ServiceIdentity:
    """How this process proves which service it is; goes only to services that ask for it."""

    service_id: str
    key: str

    def headers(self) -> dict[str, str]:
        return {"X-Internal-API-Key": self.key, "X-Service-ID": self.service_id}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What one kind of call proves; least is best.

    Who asks (`user`), which service (`service`), or the verified token itself (`token`), for
    services that verify it again.
    """

    user: bool = False
    service: ServiceIdentity | None = None
    token: bool = False


def outbound(ctx: RequestContext, credentials: Credentials) -> dict[str, str]:
    """Headers that are the same for every attempt of a call."""
    headers = {"X-Correlation-ID": ctx.correlation_id, "Accept": "application/json"}
    if credentials.user:
        headers["X-User-ID"] = ctx.user_id
    if credentials.service:
        headers |= credentials.service.headers()
    if credentials.token:
        headers["Authorization"] = ctx.authorization
    if ctx.traceparent:
        headers["traceparent"] = ctx.traceparent
        if ctx.tracestate:
            headers["tracestate"] = ctx.tracestate
    return headers


def time_left(deadline: Deadline) -> str:
    """Whole milliseconds, for the header that passes the deadline on."""
    return str(max(1, int(deadline.left() * 1000)))
