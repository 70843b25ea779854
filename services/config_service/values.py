"""Canonical JSON text, and numbers that JSON cannot hold."""

import json
import math
from collections.abc import Iterator

from pydantic import JsonValue

from bff_core.errors import FieldError
from bff_core.json_values import json_pointer

Values = dict[str, JsonValue]


def canonical(value: object) -> str:
    """The one text of a JSON value: sorted keys, no blanks, ASCII only."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


def unwritable(value: JsonValue, path: str = "") -> Iterator[FieldError]:
    """Numbers that JSON cannot spell: parsers let NaN, Infinity and 1e999 in."""
    if isinstance(value, float) and not math.isfinite(value):
        yield FieldError(path, "must be a finite number")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from unwritable(item, json_pointer(path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from unwritable(item, json_pointer(path, index))
