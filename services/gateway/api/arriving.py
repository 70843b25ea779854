"""What a row needs to know of a request as it arrives, read from its ASGI scope."""

from bff_core.errors import InvalidRequest, PayloadTooLarge, UnsupportedMediaType
from bff_core.server import Scope, parse_body
from services.gateway.api.inbox import Inbox
from services.gateway.implementations.forwarding import Upload
from services.gateway.route_table import Exchange, Row

JSON = "application/json"
BODY_TIMEOUT = 10.0
READS = frozenset({"GET", "HEAD"})
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})


def query_of(scope: Scope) -> str:
    """The query as it was written.

    Raises:
        InvalidRequest: An unencoded # would end it for the next reader of the address.
    """
    query: str = scope["query_string"].decode("latin-1")
    if "#" in query:
        raise InvalidRequest("The query holds an unencoded #")
    return query


def forwarded_in(scope: Scope) -> list[str]:
    return [value.decode("latin-1") for value in _values(scope, b"x-forwarded-for")]


def may_bring_body(row: Row, scope: Scope) -> bool:
    """Whether somebody has to read what comes, and not only to notice that the client goes."""
    framed = any(name in _FRAMING for name, _ in scope["headers"])
    return framed or row.exchange is not None or scope["method"] not in READS


async def body_of(row: Row, scope: Scope, inbox: Inbox) -> Upload | bytes | None:
    """The body to pass on, checked where the row says what it must be.

    Raises:
        PayloadTooLarge: It is, or says it is, larger than the row takes.
        InvalidRequest: A request that reads brings one.
        ValidationFailed: It does not fit the row's model.
        UnsupportedMediaType: The row takes JSON, and it is not.
    """
    length = int(next(iter(_values(scope, b"content-length")), b"0"))
    if length > row.body_limit:
        raise PayloadTooLarge
    if row.exchange:
        return await _checked(row, row.exchange, scope, inbox)
    if not length and not _values(scope, b"transfer-encoding"):
        return None
    if scope["method"] in READS:
        raise InvalidRequest("A request that reads has no body")
    return Upload(inbox.chunks(), limit=row.body_limit)


async def _checked(row: Row, exchange: Exchange, scope: Scope, inbox: Inbox) -> bytes | None:
    body = await inbox.whole(limit=row.body_limit, seconds=min(BODY_TIMEOUT, row.seconds))
    if not body and exchange.may_be_empty:
        return None
    kind = next(iter(_values(scope, b"content-type")), b"").decode("latin-1")
    if kind.partition(";")[0].strip().lower() != JSON:
        raise UnsupportedMediaType
    parse_body(exchange.takes, body)
    return body


def _values(scope: Scope, wanted: bytes) -> list[bytes]:
    return [value for name, value in scope["headers"] if name == wanted]
