"""The parts of a message that pass through the gateway: allow-lists of headers, and paths that every server reads alike."""

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from bff_core.errors import InvalidRequest

RawHeaders = Iterable[tuple[bytes, bytes]]

REQUEST_HEADERS = frozenset(
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
REQUEST_PREFIXES = (b"accept", b"if-")
RESPONSE_HEADERS = frozenset(
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
        b"sunset",
        b"vary",
        b"www-authenticate",
        b"x-accel-buffering",
        b"x-parts-incomplete",
    }
)
_SINGLE_RESPONSE_HEADERS = frozenset(
    {
        b"age",
        b"content-disposition",
        b"content-encoding",
        b"content-length",
        b"content-range",
        b"content-type",
        b"etag",
        b"expires",
        b"last-modified",
        b"location",
        b"retry-after",
    }
)
# Headers that frame a message are no connection options, whatever `Connection` lists.
_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"host"})
_ASCII_VALUE = re.compile(rb"[\t\x20-\x7e]*")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")

REFUSAL = "The path cannot be passed on"
_PLAIN_PATH = re.compile(rb"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?")
_RAW_PATH = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,=:@/-]|%[0-9A-Fa-f]{2})*")
_FORBIDDEN = frozenset("/\\;%\u2044\u2215")


class InvalidResponseHeader(ValueError):
    """A service's header that another reader could take for something else."""


def is_forwarded_header(name: bytes) -> bool:
    """Tells whether a client's header, its name in lower case, may reach a service."""
    return name in REQUEST_HEADERS or (name.startswith(REQUEST_PREFIXES) and b"_" not in name)


def named_by_connection(headers: RawHeaders) -> frozenset[bytes]:
    """Names, in lower case, of the headers that `Connection` declares hop-by-hop."""
    options = [value for name, value in headers if name.lower() == b"connection"]
    named = {option.strip().lower() for value in options for option in value.split(b",")}
    return frozenset(named - _FRAMING)


def filter_request_headers(headers: RawHeaders) -> list[tuple[str, str]]:
    """A client's headers that go on to a service, unchanged."""
    headers = list(headers)
    dropped = named_by_connection(headers)
    return [
        (name.decode("ascii"), value.decode("ascii"))
        for name, value in headers
        if is_forwarded_header(name) and name not in dropped and _ASCII_VALUE.fullmatch(value)
    ]


def filter_response_headers(headers: RawHeaders, origin: bytes) -> list[tuple[bytes, bytes]]:
    """A service's headers that go out, names in lower case; repeated headers stay separate.

    `origin` is the service's own, which a `Location` must not reveal. No route sets cookies.

    Raises:
        InvalidResponseHeader: One holds a control character, or is there twice and may not be.
    """
    headers = list(headers)
    dropped = named_by_connection(headers)
    passed: list[tuple[bytes, bytes]] = []
    seen: set[bytes] = set()
    for name, value in headers:
        lowered = name.lower()
        if lowered not in RESPONSE_HEADERS or lowered in dropped:
            continue
        if not _VALUE.fullmatch(value) or (lowered in _SINGLE_RESPONSE_HEADERS and lowered in seen):
            raise InvalidResponseHeader
        seen.add(lowered)
        kept = _path_of_location(value, origin) if lowered == b"location" else value
        if kept:
            passed.append((lowered, kept))
    return passed


def _path_of_location(location: bytes, origin: bytes) -> bytes:
    """A path on this site; empty if the location is on another."""
    path = location.removeprefix(origin)
    return path if path.startswith(b"/") and not path.startswith((b"//", b"/\\")) else b""


def checked_path(raw: bytes, prefix: str) -> str:
    """The raw path as text, unchanged, if every server reads it the same way.

    Raises:
        InvalidRequest: It leaves `prefix`, or holds a dot segment, an empty segment, an encoded
            slash, a backslash, a semicolon, a control character, or is encoded twice or badly.
    """
    rest = raw.removeprefix(prefix.encode("ascii"))
    if rest == raw or not (rest == b"" or rest.startswith(b"/")):
        raise InvalidRequest(REFUSAL)
    if not _PLAIN_PATH.fullmatch(rest):
        *segments, last = rest.removeprefix(b"/").split(b"/")
        if last:
            segments.append(last)
        if not _RAW_PATH.fullmatch(rest) or not all(map(_is_safe_segment, segments)):
            raise InvalidRequest(REFUSAL)
    return raw.decode("ascii")


def _is_safe_segment(segment: bytes) -> bool:
    try:
        text = unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        return False
    # Characters that another server's normalisation turns into a slash or a dot are refused too.
    return (
        text not in {"", ".", ".."}
        and text.isprintable()
        and not _FORBIDDEN & set(text)
        and (text.isascii() or unicodedata.normalize("NFKC", text) == text)
    )
