"""One request through the gateway: rate limit, headers, upstream, response or error."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bff_core.context import CorrelationId, RequestContext, UserId
from bff_core.errors import DownstreamFailed, FieldError, ValidationFailed
from services.gateway.dto import MessageV1
from services.gateway.implementations.client_address import TrustedProxies, rate_limit_key, site_key
from services.gateway.implementations.filters import filter_request_headers
from services.gateway.implementations.forwarding import (
    Forwarder,
    ForwardRequest,
    Upload,
    UpstreamResponse,
)
from services.gateway.implementations.identity import identity_error, is_envelope
from services.gateway.implementations.rate_limiter import RateLimiter
from services.gateway.route_table import SITE_LIMITS, IdentityRoute, RateLimit, Route, UpstreamName

MAX_BUFFERED_BYTES = 4 * 1024 * 1024
# Identity calls a wrong password an invalid token.
_WRONG_CREDENTIAL = frozenset({"IDENTITY_TOKEN_INVALID", "IDENTITY_VERIFICATION_TOKEN_INVALID"})
_ORG_ID = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class ProxyRequest:
    """An authenticated request; `path` is validated, `query` raw.

    `timeout` is in seconds: the route's, or the client's own where that is shorter.
    `ends_by_closing`: the client can tell the end of a response only by its length or by the end
    of the connection, as in HTTP/1.0.
    """

    method: str
    path: str
    query: str
    headers: Sequence[tuple[bytes, bytes]] = field(repr=False)
    client_address: str
    correlation_id: CorrelationId
    context: RequestContext | None
    timeout: float
    ends_by_closing: bool = False


@dataclass(frozen=True, slots=True)
class BufferedResponse:
    """A response that was read to its end and may be sent as it is."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes = field(repr=False)


class Proxy:
    """Forwards requests.

    In seconds, `max_timeout` caps the timeout of every route but slow ones, `transfer_timeout` is
    what a response's body may take, and `stream_idle` how long a stream may be silent.
    """

    def __init__(
        self,
        forwarders: Mapping[UpstreamName, Forwarder],
        rate_limiter: RateLimiter,
        trusted_proxies: TrustedProxies,
        *,
        max_timeout: float,
        transfer_timeout: float,
        stream_idle: float,
    ) -> None:
        self._forwarders = forwarders
        self._rate_limiter = rate_limiter
        self._trusted_proxies = trusted_proxies
        self._max_timeout = max_timeout
        self.transfer_timeout = transfer_timeout
        self.stream_idle = stream_idle

    def client_address(self, peer: str | None, forwarded_for: Sequence[str]) -> str:
        return self._trusted_proxies.client_address(peer, forwarded_for)

    async def check_rate_limit(
        self, limit: RateLimit, client_address: str, user_id: UserId | None = None
    ) -> None:
        """Count a request against its user, or its address when there is no user.

        An address in IPv6 counts against its /64 and, ten times as much, its /48.

        Raises:
            RateLimited: The limit is reached.
        """
        key = user_id or rate_limit_key(client_address)
        await self._rate_limiter.acquire(limit, key)
        site = None if user_id else site_key(client_address)
        if site and limit in SITE_LIMITS:
            await self._rate_limiter.acquire(SITE_LIMITS[limit], site)

    async def forward(
        self, route: Route, request: ProxyRequest, body: Upload | bytes | None
    ) -> UpstreamResponse | BufferedResponse:
        """The upstream's response, or the gateway's own where that one must not go out.

        Raises:
            DownstreamError: There is no response, or none that may go out.
            IdentityRefused: Identity refused.
        """
        response = await self._forwarders[route.upstream].send(
            ForwardRequest(
                operation=route.name,
                method=request.method,
                path=request.path,
                query=request.query,
                headers=_headers_of(route, request),
                body=body,
                timeout=request.timeout,
            )
        )
        checked: UpstreamResponse | BufferedResponse | None = None
        try:
            if route.identity:
                checked = await self._check_identity(route, route.identity, request, response)
            else:
                checked = await self._check_screens(route, request, response)
        finally:
            if checked is not response:
                response.close()
        return checked

    async def _check_identity(
        self,
        route: Route,
        identity: IdentityRoute,
        request: ProxyRequest,
        response: UpstreamResponse,
    ) -> UpstreamResponse | BufferedResponse:
        if response.status >= 400:
            body = await response.read(limit=MAX_BUFFERED_BYTES, seconds=request.timeout)
            error = identity_error(response.status, body)
            if identity.credential and error.code in _WRONG_CREDENTIAL:
                raise ValidationFailed([FieldError(f"/{identity.credential}", "Is wrong")])
            if may_reveal(identity, error.status):
                raise error
        elif not 200 <= response.status < 300 or not response.is_json:
            raise _unusable(route, response)
        if identity.fixed_message is None:
            return response
        body = MessageV1(message=identity.fixed_message).model_dump_json().encode()
        return buffered(identity.status, [(b"content-type", b"application/json")], body)

    async def _check_screens(
        self, route: Route, request: ProxyRequest, response: UpstreamResponse
    ) -> UpstreamResponse | BufferedResponse:
        is_error = response.status >= 400
        if is_error:
            # An encoded body cannot be checked; the services encode none.
            if not response.is_json or response.is_encoded:
                raise _unusable(route, response)
            needs_buffer = request.method != "HEAD"
        else:
            # Without a length, a truncated response would look complete to such a client.
            has_end = response.has_length or response.is_event_stream
            needs_buffer = request.ends_by_closing and not has_end
        if not needs_buffer:
            return response
        body = await response.read(limit=MAX_BUFFERED_BYTES, seconds=request.timeout)
        if is_error and not is_envelope(body):
            raise _unusable(route, response)
        return buffered(response.status, response.headers, body)

    def timeout_of(self, route: Route) -> float:
        return route.timeout if route.is_slow else min(route.timeout, self._max_timeout)


def may_reveal(identity: IdentityRoute, status: int) -> bool:
    """Tells whether an error of Identity may go out, or would reveal who has an account."""
    return identity.fixed_message is None or status not in identity.hidden_statuses


def buffered(status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> BufferedResponse:
    """A response with this body, and headers that fit it."""
    kept = [pair for pair in headers if pair[0] != b"content-length"]
    return BufferedResponse(status, [*kept, (b"content-length", b"%d" % len(body))], body)


def _unusable(route: Route, response: UpstreamResponse) -> DownstreamFailed:
    return DownstreamFailed(route.upstream, reason="no_envelope", upstream_status=response.status)


def _headers_of(route: Route, request: ProxyRequest) -> list[tuple[str, str]]:
    headers = filter_request_headers(request.headers)
    if route.identity:
        # Identity's errors are read here, so it must not be asked to compress them.
        headers = [(name, value) for name, value in headers if name != "accept-encoding"]
    headers.append(("X-Correlation-ID", request.correlation_id))
    headers.append(("X-Forwarded-For", request.client_address))
    if request.context:
        headers.append(("X-User-ID", request.context.user_id))
        org_id = request.context.org_id
        # An organisation chooses its id at registration: only what is safe in a header goes on.
        if org_id and _ORG_ID.fullmatch(org_id):
            headers.append(("X-Org-ID", org_id))
    return headers
