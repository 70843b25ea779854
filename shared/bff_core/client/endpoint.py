"""What a client module stands on: a service, its endpoints, and how each is asked."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar
from urllib.parse import quote, quote_plus

import aiohttp
from msgspec.structs import replace

from bff_core.client.call import (
    NEVER,
    NO_HEADERS,
    PUBLIC,
    Call,
    DownstreamResponse,
    Freshness,
    LookUp,
    Question,
    Send,
    key_of,
)
from bff_core.client.headers import Credentials, outbound
from bff_core.client.pipeline import ClientRuntime, PolicyStack
from bff_core.client.transport import Transport
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.settings import Downstream, Operation

T = TypeVar("T")
Params = Mapping[str, str | int] | Iterable[tuple[str, str | int]]

REMEMBERED = 1024
"""Addresses that are not put together again: of the screens that are asked for all the time."""

# Ids and words are nearly all that is ever put into an address, and stand in it as they are.
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*/?")
_PLAIN_LIST = re.compile(r"[A-Za-z0-9_,-]+")


def path_of(segments: Iterable[str]) -> str:
    """An absolute path; each segment is percent-encoded whole, a slash or a dot-segment included.

    A last empty segment gives a trailing slash.

    Raises:
        ValueError: A segment would be read as another path: dots, or nothing between two slashes.
    """
    segments = tuple(segments)
    joined = "/".join(segments)
    # As many slashes as were put between: none came in a segment, and the rest needs no encoding.
    if joined.count("/") == len(segments) - 1 and _PLAIN_PATH.fullmatch(joined):
        return "/" + joined
    if "" in segments[:-1]:
        raise ValueError("an empty segment cannot stand inside a path")
    return "/" + "/".join(_encode(segment) for segment in segments)


def _encode(segment: str) -> str:
    if _PLAIN.fullmatch(segment):
        return segment
    if segment in {".", ".."}:
        raise ValueError("a dot segment cannot be a path segment")
    return quote(segment, safe="")


def _nothing_at_hand(_: Question) -> None:
    """For an endpoint that keeps nothing."""


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[T]):
    """One operation of one service, ready to be asked."""

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
    at_hand: Callable[[Question], Fetched[T] | None] = _nothing_at_hand
    statuses: frozenset[int] = frozenset()

    async def get(
        self, ctx: RequestContext, path: Iterable[str], params: Params = ()
    ) -> Fetched[T]:
        """Ask with GET.

        Raises:
            DownstreamError: The service did not give a usable answer in time.
        """
        url = self._url(path, params)
        found = self._look_up(ctx, url)
        if found is not None:
            return found
        answer = await self.send(self._call(ctx, "GET", url))
        return Fetched(answer.value, answer.age, answer.stale)

    def known(
        self, ctx: RequestContext, path: Iterable[str], params: Params = ()
    ) -> Fetched[T] | None:
        """What `get` would answer at once, from this process's memory; None when it had to ask."""
        return self._look_up(ctx, self._url(path, params))

    async def post(self, ctx: RequestContext, path: Iterable[str], body: bytes) -> T:
        """Ask with POST and a JSON body: never cached, shared or repeated.

        Raises:
            DownstreamError: The service did not give a usable answer in time.
        """
        answer: DownstreamResponse = await self.send(self._call(ctx, "POST", self._url(path), body))
        value: T = answer.value
        return value

    async def ask(
        self,
        ctx: RequestContext,
        method: str,
        path: Iterable[str],
        *,
        params: Params = (),
        body: bytes | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> DownstreamResponse:
        """Ask for this caller alone: neither kept nor shared, with the answer's status and headers.

        Raises:
            DownstreamError: The service did not give a usable answer in time.
        """
        call = self._call(ctx, method, self._url(path, params), body)
        return await self.send(
            replace(
                call,
                headers={**headers, **call.headers},
                freshness=NEVER,
                statuses=self.statuses,
                alone=True,
            )
        )

    def _look_up(self, ctx: RequestContext, url: str) -> Fetched[T] | None:
        """Without the call, of which some ten would be made in vain for a screen from memory."""
        service, operation = self.service, self.operation
        key = key_of(service, operation, self._identity(ctx), "GET", url)
        return self.at_hand(LookUp(service, operation, key, ctx.deadline, self.freshness))

    def _url(self, path: Iterable[str], params: Params = ()) -> str:
        pairs = _pairs_of(params) if params else ()
        return _address(self.base_url, path if isinstance(path, tuple) else tuple(path), pairs)

    def _identity(self, ctx: RequestContext) -> str:
        return PUBLIC if self.public else ctx.user_id

    def _call(self, ctx: RequestContext, method: str, url: str, body: bytes | None = None) -> Call:
        headers = outbound(ctx, self.credentials)
        identity = self._identity(ctx)
        if body is not None:
            headers["Content-Type"] = "application/json"
        return Call(
            service=self.service,
            operation=self.operation,
            method=method,
            url=url,
            identity=identity,
            key=key_of(self.service, self.operation, identity, method, url),
            deadline=ctx.deadline,
            decode=self.decode,
            headers=headers,
            body=body,
            freshness=self.freshness,
            idempotent=method == "GET",
            ignored_by_breaker=self.user_triggerable,
            slow_after=self.slow_after,
        )


def _pairs_of(params: Params) -> tuple[tuple[str, str | int], ...]:
    # A dict is known at once; whether something else is a mapping is a search in Python.
    return tuple(params.items() if isinstance(params, (dict, Mapping)) else params)


@lru_cache(maxsize=REMEMBERED)
def _address(base: str, segments: tuple[str, ...], pairs: tuple[tuple[str, str | int], ...]) -> str:
    address = base + path_of(segments)
    return f"{address}?{_query(pairs)}" if pairs else address


def _query(pairs: tuple[tuple[str, str | int], ...]) -> str:
    return "&".join([f"{_name(name)}={_value(value)}" for name, value in pairs])


def _value(value: str | int) -> str:
    # True is 1 to the memory of whole addresses, so it is written as that, too.
    return _parameter(value) if isinstance(value, str) else str(int(value))


def _parameter(text: str) -> str:
    """As `quote_plus` writes it, which takes its time over lists of ids."""
    if _PLAIN_LIST.fullmatch(text):
        return text.replace(",", "%2C")
    return quote_plus(text)


_name = lru_cache(maxsize=256)(_parameter)


class ServiceClient:
    """A downstream service and all that its endpoints share."""

    def __init__(
        self, session: aiohttp.ClientSession, downstream: Downstream, outbound: ClientRuntime
    ) -> None:
        self._session = session
        self._downstream = downstream
        self._metrics = outbound.metrics
        self._policies = PolicyStack(downstream, outbound)

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
        """Ready one operation.

        `public` declares the data to be the same for every user; `provocable` that a caller can
        make it fail at will, so that failures count only for addresses that have answered before.
        `statuses` are those beside 2xx that `ask` takes for answers.
        """
        transport = Transport(self._session, max_bytes=rule.max_bytes, json=json)
        way = self._policies.around(transport, rule)
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
            send=way.send,
            at_hand=way.at_hand,
            statuses=statuses,
        )

    def salvaged(self, operation: str) -> Callable[[], None]:
        """Counts answers of `operation` that only the lenient decoder could read."""
        return self._metrics.salvaged(self._downstream.name, operation)

    async def forget(self, ctx: RequestContext, operation: str | None = None) -> None:
        """Drop what is kept of the caller's reads: a write has changed them."""
        await self._policies.forget(ctx.user_id, operation)

    async def aclose(self) -> None:
        """End the calls that no request owns."""
        await self._policies.aclose()
