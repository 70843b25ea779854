"""Request headers that every downstream call carries."""

from dataclasses import dataclass

from bff_core.context import Deadline, RequestContext

TIMEOUT_HEADER = "X-Request-Timeout-Ms"


@dataclass(frozen=True, slots=True)
class ServiceIdentity:
    """The service key of this process, for downstream services that require one."""

    service_id: str
    key: str

    def headers(self) -> dict[str, str]:
        return {"X-Internal-API-Key": self.key, "X-Service-ID": self.service_id}


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials that one endpoint needs; send no more than it needs.

    `user` sends the user id, `service` the service key, `token` the user's verified token.
    """

    user: bool = False
    service: ServiceIdentity | None = None
    token: bool = False


def request_headers(ctx: RequestContext, credentials: Credentials) -> dict[str, str]:
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


def timeout_ms(deadline: Deadline) -> str:
    """Whole milliseconds until the deadline, for `TIMEOUT_HEADER`."""
    return str(max(1, int(deadline.left() * 1000)))
