"""Values of settings: their canonical JSON text, and the JSON Patch (RFC 6902) between two."""

import json
from collections.abc import Iterator
from typing import Literal, NotRequired

from pydantic import JsonValue

# pydantic needs this TypedDict: before Python 3.12 the standard library's lacks what it reads.
from typing_extensions import TypedDict

from bff_core.json_values import json_equal, json_pointer

Values = dict[str, JsonValue]


def canonical_json(value: object) -> str:
    """Write JSON with sorted keys, no blanks and ASCII only."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


class PatchOperation(TypedDict):
    """One step; `value` is absent from a removal."""

    op: Literal["add", "remove", "replace"]
    path: str
    value: NotRequired[JsonValue]


def make_patch(old: JsonValue, new: JsonValue) -> list[PatchOperation]:
    """The operations in the order in which they apply; empty when the two are equal."""
    return list(_operations(old, new, ""))


def _operations(old: JsonValue, new: JsonValue, path: str) -> Iterator[PatchOperation]:
    if json_equal(old, new):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() - new.keys()):
            yield {"op": "remove", "path": json_pointer(path, key)}
        for key in sorted(new):
            if key in old:
                yield from _operations(old[key], new[key], json_pointer(path, key))
            else:
                yield {"op": "add", "path": json_pointer(path, key), "value": new[key]}
    elif isinstance(old, list) and isinstance(new, list):
        yield from _list_operations(old, new, path)
    else:
        yield {"op": "replace", "path": path, "value": new}


def _list_operations(
    old: list[JsonValue], new: list[JsonValue], path: str
) -> Iterator[PatchOperation]:
    """Keep the common prefix and suffix; change the items between them in place."""
    start = _common_prefix(old, new)
    end = _common_prefix(old[start:][::-1], new[start:][::-1])
    before, after = old[start : len(old) - end], new[start : len(new) - end]
    for index, (was, becomes) in enumerate(zip(before, after, strict=False), start):
        yield from _operations(was, becomes, json_pointer(path, index))
    # From the back, so that no removal moves an item that is still to be removed.
    for index in reversed(range(start + len(after), start + len(before))):
        yield {"op": "remove", "path": json_pointer(path, index)}
    for index in range(len(before), len(after)):
        yield {"op": "add", "path": json_pointer(path, start + index), "value": after[index]}


def _common_prefix(left: list[JsonValue], right: list[JsonValue]) -> int:
    """The number of equal items at the start of both lists."""
    count = 0
    for one, other in zip(left, right, strict=False):
        if not json_equal(one, other):
            break
        count += 1
    return count
