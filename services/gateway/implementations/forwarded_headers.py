"""Which headers pass from one side to the other: by lists, never by default."""

import re
from collections.abc import Iterable
from functools import lru_cache

RawHeaders = Iterable[tuple[bytes, bytes]]

_INWARD = frozenset(
    {
        b"authorization",
        b"content-type",
        b"content-length",
        b"idempotency-key",
        b"last-event-id",
        b"prefer",
        b"range",
        b"traceparent",
        b"tracestate",
        b"user-agent",
    }
)
_INWARD_FAMILIES = (b"accept", b"if-")
_OUTWARD = frozenset(
    {
        b"accept-ranges",
        b"age",
        b"allow",
        b"cache-control",
        b"content-disposition",
        b"content-encoding",
        b"content-language",
        b"content-length",
        b"content-range",
        b"content-type",
        b"deprecation",
        b"etag",
        b"expires",
        b"idempotent-replay",
        b"last-modified",
        b"link",
        b"location",
        b"preference-applied",
        b"retry-after",
        b"set-cookie",
        b"sunset",
        b"vary",
        b"www-authenticate",
        b"x-accel-buffering",
        b"x-parts-incomplete",
    }
)
# What frames a message is not an option of the connection, whatever `Connection` says.
_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"host"})
_NONE: frozenset[bytes] = frozenset()
_SHORT = 40
"""Bytes of a name that is worth remembering; callers invent longer ones."""
_ASCII_VALUE = re.compile(rb"[\t\x20-\x7e]*")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")


def is_forwarded_header(name: bytes) -> bool:
    """Whether a client's header, its name in lower case, may reach a service."""
    return (_passes_often if len(name) <= _SHORT else _passes)(name)


def _passes(name: bytes) -> bool:
    return name in _INWARD or (name.startswith(_INWARD_FAMILIES) and b"_" not in name)


_passes_often = lru_cache(maxsize=1024)(_passes)


def named_by_connection(headers: RawHeaders) -> frozenset[bytes]:
    """Names, in lower case, of headers that are for the next hop only because a peer says so."""
    options = [value for name, value in headers if name.lower() == b"connection"]
    if not options:
        return _NONE
    named = {option.strip().lower() for value in options for option in value.split(b",")}
    return frozenset(named - _FRAMING)


def filter_request_headers(headers: RawHeaders) -> list[tuple[str, str]]:
    """A client's headers that go on to a service, as they came."""
    headers = list(headers)
    dropped = named_by_connection(headers)
    return [
        (name.decode("ascii"), value.decode("ascii"))
        for name, value in headers
        if is_forwarded_header(name) and name not in dropped and _ASCII_VALUE.fullmatch(value)
    ]


def filter_response_headers(headers: RawHeaders, origin: bytes) -> list[tuple[bytes, bytes]]:
    """A service's headers that go out, names in lower case; several of one name stay apart.

    `origin` is the service's own address, which a `Location` must not show.
    """
    headers = list(headers)
    dropped = named_by_connection(headers)
    passed = []
    for name, value in headers:
        lowered = name.lower()
        if lowered not in _OUTWARD or lowered in dropped or not _VALUE.fullmatch(value):
            continue
        held = _without_origin(value, origin) if lowered == b"location" else value
        if held:
            passed.append((lowered, held))
    return passed


def _without_origin(location: bytes, origin: bytes) -> bytes:
    """A path on this site; empty when the address is another's."""
    path = location.removeprefix(origin)
    return path if path.startswith(b"/") and not path.startswith((b"//", b"/\\")) else b""
