"""Optional parts of the admin's screens."""

from collections.abc import Awaitable, Mapping
from typing import TypeVar

from bff_core.composition import Fetched, Missing, Part, PartV1, describe, optional
from bff_core.errors import ClientError

T = TypeVar("T")


async def optional_part(call: Awaitable[Fetched[T]]) -> Part[T]:
    """Await a part; it is `Missing` when its service fails, or refuses this admin."""
    try:
        return await optional(call)
    except ClientError as error:
        return Missing(error.code)


def value_or_none(part: Part[T]) -> T | None:
    return None if isinstance(part, Missing) else part.value


def describe_all(parts: Mapping[str, Part[object]]) -> list[PartV1]:
    """Describe each part, in the order given."""
    return [describe(name, part) for name, part in parts.items()]
