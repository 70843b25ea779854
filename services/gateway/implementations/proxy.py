"""One request through the gateway: allowance, headers, service, answer or refusal."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bff_core.context import CorrelationId, RequestContext
from bff_core.errors import DownstreamFailed
from services.gateway.dto.auth_v1 import MessageV1
from services.gateway.implementations.addresses import TrustedProxies, limit_key
from services.gateway.implementations.forwarded_headers import filter_request_headers
from services.gateway.implementations.forwarding import (
    Forwarder,
    ForwardRequest,
    Upload,
    UpstreamResponse,
)
from services.gateway.implementations.refusals import LONGEST_READ, is_envelope, translated
from services.gateway.protocols import Allowances
from services.gateway.route_table import Exchange, Row, Upstream

# Refusals that say whether an address has an account.
_TELLING = frozenset({400, 403, 404, 409})
_ORG = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that was let in; `path` is checked, `query` raw, `address` the client's."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[bytes, bytes]] = field(repr=False)
    body: Upload | bytes | None = field(repr=False)
    address: str
    correlation_id: CorrelationId
    caller: RequestContext | None
    ends_by_closing: bool = False
    """Whether the client can tell the end of an answer only by its length or by the connection's
    end, as in HTTP/1.0."""


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer that was read and found fit to go out as it is."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes = field(repr=False)

    @classmethod
    def of(cls, relay: UpstreamResponse, body: bytes) -> "Whole":
        headers = [pair for pair in relay.headers if pair[0] != b"content-length"]
        return cls(relay.status, [*headers, (b"content-length", b"%d" % len(body))], body)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an answer may take on its way out, and a stream be silent; in seconds."""

    transfer: float
    stream_idle: float


class Proxy:
    """Passes requests on. `longest` caps every row's own time, in seconds."""

    def __init__(
        self,
        forwarders: Mapping[Upstream, Forwarder],
        allowances: Allowances,
        proxies: TrustedProxies,
        patience: Patience,
        *,
        longest: float,
    ) -> None:
        self._forwarders = forwarders
        self._allowances = allowances
        self._proxies = proxies
        self._longest = longest
        self.patience = patience

    def address_of(self, peer: str | None, forwarded: Sequence[str]) -> str:
        """The client's address, as far as proxies that we trust vouch for it."""
        return self._proxies.client_of(peer, forwarded)

    async def admit(self, row: Row, caller: RequestContext | None, address: str) -> None:
        """Take the request from its caller's allowance; strangers are known by their address.

        Raises:
            RateLimited: Nothing is left of it.
        """
        subject = caller.user_id if caller else limit_key(address)
        await self._allowances.take(row.limit, subject)

    async def send(self, row: Row, arrival: Arrival) -> UpstreamResponse | Whole:
        """The service's answer, or ours where its own must not leave.

        Raises:
            DownstreamError: There is no answer, or none that may go out.
            IdentityRefused: Identity refused.
        """
        relay = await self._forwarders[row.upstream].send(self._outgoing(row, arrival))
        kept = False
        try:
            answer = await self._judged(row, arrival, relay)
            kept = answer is relay
            return answer
        finally:
            if not kept:
                relay.close()

    async def _judged(
        self, row: Row, arrival: Arrival, relay: UpstreamResponse
    ) -> UpstreamResponse | Whole:
        if row.exchange:
            return await self._from_identity(row, row.exchange, relay)
        if relay.status < 400:
            return await self._measured(row, arrival, relay)
        return await self._from_screens(row, arrival, relay)

    async def _from_identity(
        self, row: Row, exchange: Exchange, relay: UpstreamResponse
    ) -> UpstreamResponse | Whole:
        if relay.status >= 400:
            error = translated(relay.status, await self._read(row, relay))
            if may_tell(exchange, error.status):
                raise error
        elif not 200 <= relay.status < 300 or relay.kind != "application/json":
            raise self._wrong(row, relay)
        return _neutral(exchange.instead) if exchange.instead else relay

    async def _from_screens(
        self, row: Row, arrival: Arrival, relay: UpstreamResponse
    ) -> UpstreamResponse | Whole:
        if relay.kind != "application/json":
            raise self._wrong(row, relay)
        if arrival.method == "HEAD" or relay.is_encoded:
            return relay
        body = await self._read(row, relay)
        if not is_envelope(body):
            raise self._wrong(row, relay)
        return Whole.of(relay, body)

    async def _measured(
        self, row: Row, arrival: Arrival, relay: UpstreamResponse
    ) -> UpstreamResponse | Whole:
        """With its length, where without it half an answer would look like a whole one."""
        if not arrival.ends_by_closing or relay.has_length or relay.is_stream:
            return relay
        return Whole.of(relay, await self._read(row, relay))

    async def _read(self, row: Row, relay: UpstreamResponse) -> bytes:
        return await relay.read(limit=LONGEST_READ, seconds=min(row.seconds, self._longest))

    def _wrong(self, row: Row, relay: UpstreamResponse) -> DownstreamFailed:
        return DownstreamFailed(row.upstream, reason="no_envelope", upstream_status=relay.status)

    def _outgoing(self, row: Row, arrival: Arrival) -> ForwardRequest:
        return ForwardRequest(
            operation=row.name,
            method=arrival.method,
            path=arrival.path,
            query=arrival.query,
            headers=[*_kept(row, arrival), *_identity_of(arrival)],
            body=arrival.body,
            seconds=min(row.seconds, self._longest),
        )


def may_tell(exchange: Exchange, status: int) -> bool:
    """Whether a refusal of Identity goes out, where it could tell who has an account."""
    return exchange.instead is None or status not in _TELLING


def _neutral(words: str) -> Whole:
    body = MessageV1(message=words).model_dump_json().encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    return Whole(200, headers, body)


def _kept(row: Row, arrival: Arrival) -> list[tuple[str, str]]:
    headers = filter_request_headers(arrival.headers)
    if row.exchange is None:
        return headers
    # Its refusals are read here, so it must not be asked to compress them.
    return [(name, value) for name, value in headers if name != "accept-encoding"]


def _identity_of(arrival: Arrival) -> list[tuple[str, str]]:
    headers = [
        ("X-Correlation-ID", arrival.correlation_id),
        ("X-Forwarded-For", arrival.address),
    ]
    if arrival.caller:
        headers.append(("X-User-ID", arrival.caller.user_id))
        org = arrival.caller.org_id
        # An organisation names itself at registration: only what is safe in a header goes on.
        if org and _ORG.fullmatch(org):
            headers.append(("X-Org-ID", org))
    return headers
