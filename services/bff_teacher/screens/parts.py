"""Optional parts that may be switched off, and what an answer says of all of them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from bff_core.composition import Fetched, Missing, Part, PartV1, describe, optional

T = TypeVar("T")


def value_of(part: Part[T] | None) -> T | None:
    """What the part holds; None when it is missing or switched off."""
    return None if part is None or isinstance(part, Missing) else part.value


def listed(parts: Mapping[str, Part[object] | None]) -> list[PartV1]:
    """A line for each part, in the order given; a part that is switched off has none."""
    return [describe(name, part) for name, part in parts.items() if part is not None]


async def asked(
    disabled: frozenset[str], name: str, ask: Callable[[], Awaitable[Fetched[T]]]
) -> Part[T] | None:
    """An optional part, or None when it is switched off: then nobody is asked."""
    return None if name in disabled else await optional(ask())
