"""Reads of many ids, a few at a time; one that fails costs its own id alone."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from bff_core.composition import Fetched, Missing, Part, fan_out, optional
from services.bff_teacher.screens.parts import combined

T = TypeVar("T")

CONCURRENT_READS = 8


@dataclass(frozen=True, slots=True)
class PartialRead(Generic[T]):
    """The values that could be read, by id in lower case; `part` is missing as soon as one is."""

    values: Mapping[str, T]
    part: Part[None]


async def read_each(
    ids: Sequence[str], read: Callable[[str], Awaitable[Fetched[T]]]
) -> PartialRead[T]:
    """Read each id."""
    found: dict[str, Fetched[T]] = {}
    missing: list[Missing] = []
    waiting = iter(ids)

    async def read_in_turn() -> None:
        for one in waiting:
            part = await optional(read(one))
            if isinstance(part, Missing):
                missing.append(part)
            else:
                found[one.lower()] = part

    async with fan_out() as group:
        for _ in ids[:CONCURRENT_READS]:
            group.create_task(read_in_turn())
    part: Part[None] = missing[0] if missing else combined(None, list(found.values()))
    return PartialRead({one: fetched.value for one, fetched in found.items()}, part)


def worst(*parts: Part[None]) -> Part[None] | None:
    """One part for several reads of the same kind: missing if one is; None without any."""
    missing = next((part for part in parts if isinstance(part, Missing)), None)
    if missing or not parts:
        return missing
    return combined(None, [part for part in parts if isinstance(part, Fetched)])
