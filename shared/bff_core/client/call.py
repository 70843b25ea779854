"""A call to a downstream service, and its response."""

import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import unquote

import msgspec

from bff_core.cache.response_cache import CacheKey, Freshness
from bff_core.context import Deadline, RequestContext
from bff_core.fair_slots import UNSHARED

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


@dataclass(frozen=True, slots=True)
class Absence:
    """Refusals that mean that there is no such resource, by status and body.

    They are no failures: they are neither logged nor counted as such, and they are cached.
    `of_route`: some releases of the service lack the whole route, so that a 404 in HTML, which is a
    router's, is no failure either; it is raised, and not cached.
    """

    statuses: frozenset[int] = frozenset()
    is_meant_by: Callable[[bytes], bool] = lambda _: True
    of_route: bool = False


NEVER_ABSENT = Absence()


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


PUBLIC = "*"
SAFE_METHODS = frozenset({"GET", "HEAD"})
MIN_ATTEMPT_SECONDS = 0.05
"""No attempt starts with less time left."""
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
NOT_CACHEABLE = Freshness()

_BETWEEN_IDS = re.compile(r"[/?&=,]")
_SECRET = frozenset({"headers", "body", "response_id"})


class Undecodable(ValueError):
    """A body that does not match its contract; the text never holds any of the body."""


class RedactedStruct(msgspec.Struct, frozen=True):
    """A struct whose `repr` leaves out headers and bodies, which hold secrets."""

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        names = (name for name in self.__struct_fields__ if name not in _SECRET)
        return [(name, getattr(self, name)) for name in names]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({fields})"


class SizedBody(Protocol):
    """A request body that is read while it is sent, once; its length is that in bytes."""

    def __len__(self) -> int: ...

    def __aiter__(self) -> AsyncIterator[bytes]: ...


class Call(RedactedStruct, frozen=True, kw_only=True):
    """A request to a downstream service.

    `operation` is its name in metrics and logs. `identity` is the user for whom the response is, or
    `PUBLIC` when it is the same for all; `caller` is the user who causes the call. `decode` raises
    Undecodable. A response that takes longer than `slow_after` seconds counts as slow. Failures of a call that is `ignored_by_breaker` do not
    count when one user can trigger them. A router's 404 for a `route_optional` is no failure: some
    releases of the service lack the route. `statuses` are accepted beside 2xx. With `coalesce` off,
    the call is never shared with an equal one. The response of a call that `supersedes` operations
    comes from the service, and replaces what is cached of these for the identity. `attempt` counts
    from 1. `for_write` marks the calls of a request that changes something, its reads included, and
    `refresh` those that nobody waits for. `subjects` gives the ids that a decoded response names:
    they must be part of the URL.
    """

    service: str
    operation: str
    method: str
    url: str
    identity: str
    caller: str = UNSHARED
    deadline: Deadline
    decode: Callable[[bytes], Any]
    headers: Mapping[str, str] = NO_HEADERS
    body: bytes | SizedBody | None = None
    freshness: Freshness = NOT_CACHEABLE
    ignored_by_breaker: bool = False
    route_optional: bool = False
    slow_after: float = 1.0
    statuses: frozenset[int] = frozenset()
    coalesce: bool = True
    supersedes: frozenset[str] = frozenset()
    subjects: Callable[[Any], Iterable[str | None]] | None = None
    attempt: int = 1
    for_write: bool = False
    refresh: bool = False

    @property
    def safe(self) -> bool:
        """True if the method changes nothing, so that the call may be repeated or shared."""
        return self.method in SAFE_METHODS

    def asks_for(self, value: Any) -> bool:
        """True if a decoded response names no id for which this call does not ask."""
        if self.subjects is None:
            return True
        named = {one.lower() for one in self.subjects(value) if one is not None}
        return named <= set(_BETWEEN_IDS.split(unquote(self.url).lower()))

    @property
    def key(self) -> CacheKey:
        return CacheKey(self.service, self.operation, self.identity, self.method, self.url)


class DownstreamResponse(RedactedStruct, frozen=True):
    """A decoded response; `age` is in seconds since it was read from its source.

    A `stale` one is older than the call's freshness allows, and the source failed to give another.
    A cached response has neither body nor headers. A response with one of the call's `statuses`
    has a body but no value. `response_id` is the same object in all copies of one response.
    """

    value: Any
    body: bytes
    status: int = 200
    headers: Mapping[str, str] = NO_HEADERS
    age: float = 0.0
    stale: bool = False
    response_id: object = msgspec.field(default_factory=object)


Send = Callable[[Call], Coroutine[Any, Any, DownstreamResponse]]
Policy = Callable[[Send], Send]
