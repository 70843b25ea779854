"""Heads of plain requests and answers, read and written in one step each.

h11 reads and writes any head there may be, in a hundred calls of functions. What is taken here is
what nearly every caller sends and every screen answers, by rules that are h11's own or narrower:
whatever is admitted means the same to h11, and whatever is not is left to it.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

Headers = list[tuple[bytes, bytes]]

_NAME = rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+"
_VALUE = rb"[\t -~\x80-\xff]*"
_FIELDS = rb"(?:%b:%b\r\n)+" % (_NAME, _VALUE)
_REQUEST = re.compile(rb"GET (/[!-~]*) HTTP/1\.1\r\n(%b)\r\n" % _FIELDS)
_ANSWER = re.compile(_FIELDS)
_FIELD = re.compile(rb"([^:]+):([^\r]*)\r\n")
_LENGTH = re.compile(rb"[0-9]{1,15}")
# What changes how a message is read, or what becomes of its connection.
_STEERING = frozenset(
    {b"content-length", b"transfer-encoding", b"expect", b"upgrade", b"http2-settings"}
)
# The first two do the same to an answer; h11 puts the last in front of all others.
_STEERED = frozenset({b"transfer-encoding", b"connection", b"host"})
_BODILESS = frozenset({204, 304})


class PlainRequest(NamedTuple):
    """GET, HTTP/1.1, without a body, on a connection that stays; header names in lower case."""

    target: bytes
    headers: Headers


class PlainAnswer(NamedTuple):
    """A head as it is sent, and how many bytes must follow it."""

    head: bytes
    length: int


def plain_request(data: bytes) -> PlainRequest | None:
    """The one request that these bytes are, whole; None when h11 is to look at them."""
    found = _REQUEST.fullmatch(data)
    if found is None:
        return None
    headers = [(name.lower(), value.strip(b" \t")) for name, value in _FIELD.findall(found[2])]
    names = [name for name, _ in headers]
    if names.count(b"host") != 1 or not _STEERING.isdisjoint(names):
        return None
    if b"connection" in names and not _stays(headers):
        return None
    return PlainRequest(found[1], headers)


def _stays(headers: Headers) -> bool:
    wishes = [value.lower() for name, value in headers if name == b"connection"]
    return wishes == [b"keep-alive"]


def plain_answer(status: int, headers: Sequence[tuple[bytes, bytes]]) -> PlainAnswer | None:
    """The head of an answer whose body's length it tells; None when h11 is to write it."""
    names = [name.lower() for name, _ in headers]
    if status < 200 or status in _BODILESS or not _STEERED.isdisjoint(names):
        return None
    if names.count(b"content-length") != 1:
        return None
    length = headers[names.index(b"content-length")][1]
    fields = b"".join([b"%b: %b\r\n" % header for header in headers])
    # A value with a line of its own would match, but has more lines than there are headers; so
    # would a name with a colon, whose rest would be taken for a value.
    lines, named = fields.count(b"\r\n"), b":" not in b"".join(names)
    whole = _ANSWER.fullmatch(fields) and lines == len(headers) and named
    if not whole or not _LENGTH.fullmatch(length):
        return None
    return PlainAnswer(b"HTTP/1.1 %d \r\n%b\r\n" % (status, fields), int(length))
