"""Entity tags of RFC 9110: answers that carry one, the lists that callers send, comparing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel

from bff_core.errors import InvalidRequest

ANY = "*"
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class WithETag(Generic[M]):
    """A DTO and the strong tag of what it stands for, quotes included."""

    body: M
    etag: str
    headers: Mapping[str, str] = field(default_factory=dict)


def tags_in(name: str, value: str) -> list[str]:
    """The tags of a header, or `["*"]`.

    Raises:
        InvalidRequest: It is neither a list of quoted tags nor an asterisk.
    """
    if value.strip() == ANY:
        return [ANY]
    tags = _TAG.findall(value)
    if not tags or _TAG.sub("", value).strip(", \t"):
        raise InvalidRequest(f"{name} must hold quoted entity tags, as an ETag header has them")
    return tags


def matches_strongly(tag: str, given: list[str]) -> bool:
    """Whether `If-Match` names exactly this; a weak tag never does."""
    return tag in given


def matches_weakly(tag: str, given: list[str]) -> bool:
    """Whether `If-None-Match` names this, as strong or as weak."""
    return ANY in given or tag in {one.removeprefix("W/") for one in given}
