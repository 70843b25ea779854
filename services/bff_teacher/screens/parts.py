"""Parts of a screen: optional reads, of one thing or of many, and how an answer lists them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from bff_core.composition import (
    Fetched,
    Missing,
    Part,
    PartV1,
    combined,
    describe,
    fan_out,
    optional,
)
from bff_core.errors import Unavailable

T = TypeVar("T")

DisabledParts = frozenset[str]
"""Names of optional parts that the settings switch off: not fetched, not listed."""
CONCURRENT_READS = 8


async def optional_unless_disabled(
    disabled: DisabledParts, name: str, fetch: Callable[[], Awaitable[Fetched[T]]]
) -> Part[T] | None:
    """An optional part; None, without a call, when it is disabled."""
    return None if name in disabled else await optional(fetch())


async def optional_from_ledger(
    disabled: DisabledParts, name: str, read: Callable[[], Awaitable[Fetched[T]]]
) -> Part[T] | None:
    """An optional part from the own database; None, without a read, when it is disabled."""
    if name in disabled:
        return None
    try:
        return await read()
    except Unavailable as error:
        return Missing(error.code)


def value_of(part: Part[T] | None) -> T | None:
    """The part's value; None when it is missing or disabled."""
    return None if part is None or isinstance(part, Missing) else part.value


def describe_parts(parts: Mapping[str, Part[object] | None]) -> list[PartV1]:
    """One entry a part, in the order given; disabled parts (None) have none."""
    return [describe(name, part) for name, part in parts.items() if part is not None]


def worst(parts: Sequence[Part[object]]) -> Part[None] | None:
    """One part for several reads of the same kind: missing if one is; None without any."""
    fetched = [part for part in parts if not isinstance(part, Missing)]
    if len(fetched) == len(parts):
        return combined(None, fetched) if parts else None
    return next(part for part in parts if isinstance(part, Missing))


async def read_all(ids: Sequence[str], read: Callable[[str], Awaitable[T]]) -> dict[str, T]:
    """Read each id, a few at a time; the first failure ends all and is raised."""
    found: dict[str, T] = {}
    if not ids:
        return found
    waiting = iter(ids)

    async def read_in_turn() -> None:
        for one in waiting:
            found[one] = await read(one)

    def read_side_by_side() -> None:
        for _ in ids[1:CONCURRENT_READS]:
            group.create_task(read_in_turn())

    async with fan_out() as group:
        # Runs as soon as a read has to wait: what lies in memory needs no tasks.
        others = asyncio.get_running_loop().call_soon(read_side_by_side)
        try:
            await read_in_turn()
        finally:
            others.cancel()
    return {one: found[one] for one in ids}


@dataclass(frozen=True, slots=True)
class PartialRead(Generic[T]):
    """The values that could be read, by id in lower case; `part` is missing as soon as one is."""

    values: Mapping[str, T]
    part: Part[None]


async def read_each(
    ids: Sequence[str], read: Callable[[str], Awaitable[Fetched[T]]]
) -> PartialRead[T]:
    """Read each id; one that fails costs its own id alone."""
    parts = await read_all(ids, lambda one: optional(read(one)))
    values = {
        one.lower(): part.value for one, part in parts.items() if not isinstance(part, Missing)
    }
    return PartialRead(values, worst(list(parts.values())) or Fetched(None))
