"""JSON as it is kept: one spelling for equal values, and equality that knows booleans."""

import json
import math
from collections.abc import Iterator

from pydantic import JsonValue

from bff_core.errors import FieldError

Values = dict[str, JsonValue]


def canonical(value: object) -> str:
    """The one text of a JSON value: sorted keys, no blanks, ASCII only."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


def pointer(path: str, step: str | int) -> str:
    """A JSON pointer (RFC 6901) one step further."""
    return f"{path}/{str(step).replace('~', '~0').replace('/', '~1')}"


def same(left: JsonValue, right: JsonValue) -> bool:
    """Equality as JSON has it: to Python, `true` is 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


def unwritable(value: JsonValue, path: str = "") -> Iterator[FieldError]:
    """Numbers that JSON cannot spell: parsers let NaN, Infinity and 1e999 in."""
    if isinstance(value, float) and not math.isfinite(value):
        yield FieldError(path, "must be a finite number")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from unwritable(item, pointer(path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from unwritable(item, pointer(path, index))
