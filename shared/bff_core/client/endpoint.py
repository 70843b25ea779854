"""The base of a client module: a service and its endpoints."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar
from urllib.parse import quote, urlencode

import aiohttp
from msgspec.structs import replace

from bff_core.cache.response_cache import Freshness
from bff_core.client.call import (
    NEVER_ABSENT,
    NO_HEADERS,
    NOT_CACHEABLE,
    PUBLIC,
    SAFE_METHODS,
    Absence,
    Call,
    Credentials,
    DownstreamResponse,
    Send,
    SizedBody,
    request_headers,
)
from bff_core.client.pipeline import ClientRuntime, Pipeline
from bff_core.client.transport import Transport
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.settings import Downstream, Operation

T = TypeVar("T")
Params = Mapping[str, str | int] | Iterable[tuple[str, str | int]]


def path_of(segments: Iterable[str]) -> str:
    """An absolute path; each segment is percent-encoded whole, slashes included.

    A last empty segment gives a trailing slash.

    Raises:
        ValueError: A segment would change the path: a dot segment, or an empty one inside it.
    """
    segments = list(segments)
    if "" in segments[:-1]:
        raise ValueError("an empty segment cannot stand inside a path")
    if "." in segments or ".." in segments:
        raise ValueError("a dot segment cannot be a path segment")
    path = "/".join(segments)
    if path.count("/") == len(segments) - 1:
        return "/" + quote(path)
    return "/" + "/".join(quote(segment, safe="") for segment in segments)


def url_of(base_url: str, segments: Iterable[str], params: Params = ()) -> str:
    """An absolute URL; parameters are written as an HTML form writes them, but for commas of lists."""
    # Most reads have none, and the check for a Mapping is slow.
    pairs = (params.items() if isinstance(params, Mapping) else params) if params else ()
    return _url_of(base_url, tuple(segments), tuple(pairs))


# A read from the cache needs its URL as a key; writing it takes longer than the look-up.
@lru_cache(maxsize=1024)
def _url_of(
    base_url: str, segments: tuple[str, ...], params: tuple[tuple[str, str | int], ...]
) -> str:
    query = f"?{urlencode(params, safe=',')}" if params else ""
    return f"{base_url}{path_of(segments)}{query}"


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[T]):
    """One operation of one service; its methods send requests through the pipeline.

    Each raises DownstreamError when the service gives no usable response in time.
    """

    service: str
    operation: str
    base_url: str
    credentials: Credentials
    decode: Callable[[bytes], T]
    freshness: Freshness
    slow_after: float
    public: bool
    user_triggerable: bool
    send: Send
    statuses: frozenset[int] = frozenset()
    supersedes: frozenset[str] = frozenset()
    absence: Absence = NEVER_ABSENT
    subjects: Callable[[T], Iterable[str | None]] | None = None

    async def get(
        self,
        ctx: RequestContext,
        path: Iterable[str],
        params: Params = (),
        *,
        max_age: float | None = None,
    ) -> Fetched[T]:
        """Send a GET, which may be cached and coalesced with equal ones.

        With `max_age`, a cached response that is older is read again first (RFC 9111, 5.2.1.1).
        """
        freshness = self.freshness
        if max_age is not None:
            max_age = min(max_age, freshness.max_age)
            freshness = replace(freshness, max_age=max_age, stale_while_revalidate=0.0)
        call = self._call(
            ctx,
            "GET",
            url_of(self.base_url, path, params),
            statuses=self.absence.statuses,
            coalesce=not self.supersedes,
            freshness=freshness,
            supersedes=self.supersedes,
        )
        response = await self.send(call)
        return Fetched(response.value, response.age, response.stale)

    async def find(
        self,
        ctx: RequestContext,
        path: Iterable[str],
        params: Params = (),
        *,
        max_age: float | None = None,
    ) -> Fetched[T | None]:
        """Send a GET as `get` does; None, which is cached too, where the endpoint's `absence` says so."""
        return await self.get(ctx, path, params, max_age=max_age)

    async def post(self, ctx: RequestContext, path: Iterable[str], body: bytes) -> T:
        """Send a POST with a JSON body, once."""
        value: T = (await self.request(ctx, "POST", path, body=body)).value
        return value

    async def request(
        self,
        ctx: RequestContext,
        method: str,
        path: Iterable[str],
        *,
        params: Params = (),
        body: bytes | SizedBody | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> DownstreamResponse:
        """Send a request for this caller alone: neither cached nor coalesced.

        The endpoint's `statuses` are accepted beside 2xx. A body is JSON, unless `headers` say
        otherwise.
        """
        call = self._call(
            ctx,
            method,
            url_of(self.base_url, path, params),
            statuses=self.statuses,
            coalesce=False,
            body=body,
            headers=headers,
        )
        return await self.send(call)

    def _call(
        self,
        ctx: RequestContext,
        method: str,
        url: str,
        *,
        statuses: frozenset[int],
        coalesce: bool,
        body: bytes | SizedBody | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
        freshness: Freshness = NOT_CACHEABLE,
        supersedes: frozenset[str] = frozenset(),
    ) -> Call:
        sent = request_headers(ctx, self.credentials)
        if headers:
            sent = {**headers, **sent}
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        return Call(
            service=self.service,
            operation=self.operation,
            method=method,
            url=url,
            identity=PUBLIC if self.public else ctx.user_id,
            caller=ctx.user_id,
            deadline=ctx.deadline,
            decode=self.decode,
            headers=sent,
            body=body,
            freshness=freshness,
            ignored_by_breaker=self.user_triggerable,
            route_optional=self.absence.of_route,
            slow_after=self.slow_after,
            statuses=statuses,
            coalesce=coalesce,
            supersedes=supersedes,
            subjects=self.subjects,
            for_write=ctx.for_write or method not in SAFE_METHODS,
        )


class ServiceClient(Pipeline):
    """A downstream service; its endpoints share its policies."""

    def __init__(
        self, session: aiohttp.ClientSession, downstream: Downstream, runtime: ClientRuntime
    ) -> None:
        super().__init__(downstream, runtime)
        self._session = session

    def endpoint(
        self,
        operation: str,
        rule: Operation,
        decode: Callable[[bytes], T],
        *,
        credentials: Credentials,
        json: bool = True,
        public: bool = False,
        user_triggerable: bool = False,
        statuses: frozenset[int] = frozenset(),
        supersedes: frozenset[str] = frozenset(),
        absence: Absence = NEVER_ABSENT,
        subjects: Callable[[T], Iterable[str | None]] | None = None,
    ) -> Endpoint[T]:
        """Create the endpoint of one operation.

        `public`: the response is the same for all users. `user_triggerable`: a user can make it
        fail at will, so its failures count only for URLs that have succeeded before. `request`
        accepts `statuses` beside 2xx. The other options are those of `Call` and `Absence`.
        """
        transport = Transport(self._session, max_bytes=rule.max_bytes, json=json, absence=absence)
        return Endpoint(
            service=self._downstream.name,
            operation=operation,
            base_url=self._downstream.url,
            credentials=credentials,
            decode=decode,
            freshness=Freshness(
                rule.max_age, rule.stale_while_revalidate, rule.stale_if_error, rule.store_in_redis
            ),
            slow_after=rule.budget / 2,
            public=public,
            user_triggerable=user_triggerable,
            send=self.wrap(transport, operation, rule),
            statuses=statuses,
            supersedes=supersedes,
            absence=absence,
            subjects=subjects,
        )

    def salvaged(self, operation: str) -> Callable[[], None]:
        """A function that counts a response of `operation` which needed the lenient decoder."""
        return self._runtime.metrics.salvaged(self._downstream.name, operation)
