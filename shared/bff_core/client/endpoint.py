"""The base of a client module: a service and its endpoints."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import quote, urlencode

import aiohttp

from bff_core.cache.response_cache import Freshness
from bff_core.client.call import (
    NO_HEADERS,
    NOT_CACHEABLE,
    PUBLIC,
    Call,
    Credentials,
    DownstreamResponse,
    Send,
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
    pairs = list(params.items() if isinstance(params, Mapping) else params)
    query = f"?{urlencode(pairs, safe=',')}" if pairs else ""
    return f"{base_url}{path_of(segments)}{query}"


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[T]):
    """One operation of one service; its methods send requests through the pipeline."""

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

    async def get(
        self, ctx: RequestContext, path: Iterable[str], params: Params = ()
    ) -> Fetched[T]:
        """Send a GET, which may be cached and coalesced with equal ones.

        Raises:
            DownstreamError: The service did not give a usable response in time.
        """
        url = url_of(self.base_url, path, params)
        response = await self.send(self._call(ctx, "GET", url, freshness=self.freshness))
        return Fetched(response.value, response.age, response.stale)

    async def post(self, ctx: RequestContext, path: Iterable[str], body: bytes) -> T:
        """Send a POST with a JSON body, once.

        Raises:
            DownstreamError: The service did not give a usable response in time.
        """
        response = await self.send(self._call(ctx, "POST", url_of(self.base_url, path), body))
        value: T = response.value
        return value

    async def request(
        self,
        ctx: RequestContext,
        method: str,
        path: Iterable[str],
        *,
        params: Params = (),
        body: bytes | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> DownstreamResponse:
        """Send a request for this caller alone: neither cached nor coalesced.

        The endpoint's `statuses` are accepted beside 2xx.

        Raises:
            DownstreamError: The service did not give a usable response in time.
        """
        url = url_of(self.base_url, path, params)
        return await self.send(
            self._call(
                ctx,
                method,
                url,
                body,
                headers=headers,
                statuses=self.statuses,
                coalesce=False,
            )
        )

    def _call(
        self,
        ctx: RequestContext,
        method: str,
        url: str,
        body: bytes | None = None,
        *,
        headers: Mapping[str, str] = NO_HEADERS,
        freshness: Freshness = NOT_CACHEABLE,
        statuses: frozenset[int] = frozenset(),
        coalesce: bool = True,
    ) -> Call:
        json_body = {"Content-Type": "application/json"} if body is not None else {}
        return Call(
            service=self.service,
            operation=self.operation,
            method=method,
            url=url,
            identity=PUBLIC if self.public else ctx.user_id,
            caller=ctx.user_id,
            deadline=ctx.deadline,
            decode=self.decode,
            headers={**headers, **request_headers(ctx, self.credentials), **json_body},
            body=body,
            freshness=freshness,
            ignored_by_breaker=self.user_triggerable,
            slow_after=self.slow_after,
            statuses=statuses,
            coalesce=coalesce,
        )


class ServiceClient:
    """A downstream service; its endpoints share its policies."""

    def __init__(
        self, session: aiohttp.ClientSession, downstream: Downstream, runtime: ClientRuntime
    ) -> None:
        self._session = session
        self._downstream = downstream
        self._metrics = runtime.metrics
        self._pipeline = Pipeline(downstream, runtime)

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
    ) -> Endpoint[T]:
        """Create the endpoint of one operation.

        `public` declares the response the same for all users. `user_triggerable` declares that a
        user can make it fail at will, so that its failures count only for URLs that have succeeded
        before. `statuses` are those that `request` accepts beside 2xx.
        """
        transport = Transport(self._session, max_bytes=rule.max_bytes, json=json)
        return Endpoint(
            service=self._downstream.name,
            operation=operation,
            base_url=self._downstream.url,
            credentials=credentials,
            decode=decode,
            freshness=Freshness(
                max_age=rule.max_age,
                stale_while_revalidate=rule.stale_while_revalidate,
                stale_if_error=rule.stale_if_error,
                store_in_redis=rule.store_in_redis,
            ),
            slow_after=rule.budget / 2,
            public=public,
            user_triggerable=user_triggerable,
            send=self._pipeline.wrap(transport, rule),
            statuses=statuses,
        )

    def salvaged(self, operation: str) -> Callable[[], None]:
        """A function that counts a response of `operation` which needed the lenient decoder."""
        return self._metrics.salvaged(self._downstream.name, operation)

    async def invalidate(self, ctx: RequestContext, operation: str | None = None) -> None:
        """Drop cached reads of the caller that a write has changed."""
        await self._pipeline.invalidate(ctx.user_id, operation)

    async def aclose(self) -> None:
        """Cancel the calls that belong to no request."""
        await self._pipeline.aclose()
