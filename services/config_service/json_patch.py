"""What turns one JSON value into another, as a JSON Patch (RFC 6902)."""

from collections.abc import Iterator
from typing import Literal, NotRequired

from pydantic import JsonValue

# pydantic reads this one; the standard library's came too late.
from typing_extensions import TypedDict

from bff_core.json_values import json_equal, json_pointer


class PatchOperation(TypedDict):
    """One step; `value` is absent from a removal."""

    op: Literal["add", "remove", "replace"]
    path: str
    value: NotRequired[JsonValue]


def difference(old: JsonValue, new: JsonValue) -> list[PatchOperation]:
    """The steps, in an order in which they can be applied; none when the two are equal."""
    return list(_steps(old, new, ""))


def _steps(old: JsonValue, new: JsonValue, path: str) -> Iterator[PatchOperation]:
    if json_equal(old, new):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _between_objects(old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _between_lists(old, new, path)
    else:
        yield {"op": "replace", "path": path, "value": new}


def _between_objects(
    old: dict[str, JsonValue], new: dict[str, JsonValue], path: str
) -> Iterator[PatchOperation]:
    for key in sorted(old.keys() - new.keys()):
        yield {"op": "remove", "path": json_pointer(path, key)}
    for key in sorted(new):
        where = json_pointer(path, key)
        if key in old:
            yield from _steps(old[key], new[key], where)
        else:
            yield {"op": "add", "path": where, "value": new[key]}


def _between_lists(
    old: list[JsonValue], new: list[JsonValue], path: str
) -> Iterator[PatchOperation]:
    """What both begin and end with stays; between, items are changed in place."""
    start = _shared(old, new)
    end = _shared(old[start:][::-1], new[start:][::-1])
    before, after = old[start : len(old) - end], new[start : len(new) - end]
    for index, (was, becomes) in enumerate(zip(before, after, strict=False), start):
        yield from _steps(was, becomes, json_pointer(path, index))
    # From the back, so that no removal moves an item that is still to be removed.
    for index in reversed(range(start + len(after), start + len(before))):
        yield {"op": "remove", "path": json_pointer(path, index)}
    for index in range(len(before), len(after)):
        yield {"op": "add", "path": json_pointer(path, start + index), "value": after[index]}


def _shared(left: list[JsonValue], right: list[JsonValue]) -> int:
    """How many items both begin with."""
    count = 0
    for one, other in zip(left, right, strict=False):
        if not json_equal(one, other):
            break
        count += 1
    return count
