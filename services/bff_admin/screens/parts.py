"""Optional parts, and what an answer says of all of them."""

from collections.abc import Awaitable, Mapping
from typing import TypeVar

from bff_core.composition import Fetched, Missing, Part, PartV1, describe, optional
from bff_core.errors import ClientError

T = TypeVar("T")


async def part(call: Awaitable[Fetched[T]]) -> Part[T]:
    """Like `optional`; a service that refuses this admin costs its part, too."""
    try:
        return await optional(call)
    except ClientError as error:
        return Missing(error.code)


def value_of(part: Part[T]) -> T | None:
    return None if isinstance(part, Missing) else part.value


def listed(parts: Mapping[str, Part[object]]) -> list[PartV1]:
    """A line for each part, in the order given."""
    return [describe(name, part) for name, part in parts.items()]
