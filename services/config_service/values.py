"""Canonical JSON text, and the search for numbers that JSON cannot hold."""

import json
import math
from collections.abc import Iterator

from pydantic import JsonValue

from bff_core.errors import FieldError
from bff_core.json_values import json_pointer

Values = dict[str, JsonValue]


def canonical_json(value: object) -> str:
    """Write JSON with sorted keys, no blanks and ASCII only."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


def non_finite_numbers(value: JsonValue, path: str = "") -> Iterator[FieldError]:
    """Find the numbers that parsers make of NaN, Infinity and 1e999."""
    if isinstance(value, float) and not math.isfinite(value):
        yield FieldError(path, "must be a finite number")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from non_finite_numbers(item, json_pointer(path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from non_finite_numbers(item, json_pointer(path, index))
