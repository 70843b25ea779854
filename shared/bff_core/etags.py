"""Entity tags of RFC 9110: DTOs that carry one, and the conditions that callers send."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel
from werkzeug.datastructures import ETags, Headers
from werkzeug.http import parse_etags, unquote_etag

from bff_core.errors import InvalidRequest

ANY = "*"
_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(rf"[\s,]*{_TAG}(?:\s*,[\s,]*{_TAG})*[\s,]*")

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class WithETag(Generic[M]):
    """A DTO and its strong tag, quotes included."""

    body: M
    etag: str
    headers: Mapping[str, str] = field(default_factory=dict)


def tags_in(name: str, value: str) -> ETags:
    """The tags of a conditional header.

    Raises:
        InvalidRequest: It is neither a list of quoted tags nor an asterisk.
    """
    if value.strip() != ANY and not _TAGS.fullmatch(value):
        raise InvalidRequest(f"{name} must hold quoted entity tags, as an ETag header has them")
    return parse_etags(value)


def matches_strongly(tag: str, condition: ETags) -> bool:
    """True when `If-Match` names exactly this tag; a weak tag never does."""
    return condition.contains(unquote_etag(tag)[0] or "")


def if_none_match(headers: Headers) -> ETags:
    """The tags of all lines of `If-None-Match`, which a client may repeat."""
    return parse_etags(", ".join(headers.getlist("If-None-Match")))


def is_not_modified(method: str, known: ETags, tag: str) -> bool:
    """True when a caller that knows these tags has the current representation."""
    return method in {"GET", "HEAD"} and known.contains_weak(unquote_etag(tag)[0] or "")
