"""Parts of a screen: optional calls, their values, and how an answer lists them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from bff_core.composition import Fetched, Missing, Part, PartV1, describe, optional

T = TypeVar("T")

DisabledParts = frozenset[str]
"""Names of optional parts that the settings switch off: not fetched, not listed."""


async def optional_unless_disabled(
    disabled: DisabledParts, name: str, fetch: Callable[[], Awaitable[Fetched[T]]]
) -> Part[T] | None:
    """An optional part; None, without a call, when it is disabled."""
    return None if name in disabled else await optional(fetch())


def value_of(part: Part[T] | None) -> T | None:
    """The part's value; None when it is missing or disabled."""
    return None if part is None or isinstance(part, Missing) else part.value


def holding_none(part: Part[T]) -> Part[None]:
    """The part without its value, to be compared with others."""
    return part if isinstance(part, Missing) else part.holding(None)


def describe_parts(parts: Mapping[str, Part[object] | None]) -> list[PartV1]:
    """One entry a part, in the order given; disabled parts (None) have none."""
    return [describe(name, part) for name, part in parts.items() if part is not None]


def combined(value: T, sources: Sequence[Fetched[object]]) -> Fetched[T]:
    """A value made from several sources: as old as the oldest, stale when one is."""
    age = max((source.age for source in sources), default=0.0)
    return Fetched(value, age, any(source.stale for source in sources))
