"""JSON values as parsers give them: strict reading, equality and pointers."""

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

from bff_core.errors import FieldError, ValidationFailed

MAX_NAMES = 6100
"""Names in all objects of one document; 2000 decisions with their suggestions have 6001."""
MAX_ITEMS = 2000
"""Items in an array of an object. A validator complains of each, also beyond the longest allowed."""


class _Pairs:
    """Builds objects for the parser, and notes what JSON.parse of a browser would pass over."""

    def __init__(self) -> None:
        self.names = 0
        self.items = 0
        self.has_duplicate = False
        self.has_non_finite = False

    def to_object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        self.names += len(pairs)
        for value in result.values():
            if isinstance(value, list):
                self.items = max(self.items, len(value))
        self.has_duplicate |= len(result) != len(pairs)
        return result

    def to_float(self, text: str) -> float:
        number = float(text)
        self.has_non_finite |= not math.isfinite(number)
        return number


def check_json(body: bytes) -> None:
    """Refuse JSON that parsers read differently, or that costs more to validate than any valid body.

    Raises:
        ValidationFailed: It is not JSON, has a name twice in one object, a number that is not
            finite, more than `MAX_NAMES` names, or more than `MAX_ITEMS` items in an array.
    """
    pairs = _Pairs()
    try:
        document = json.loads(
            body,
            object_pairs_hook=pairs.to_object,
            parse_float=pairs.to_float,
            parse_constant=pairs.to_float,
        )
    except (ValueError, RecursionError):
        raise ValidationFailed([FieldError("", "Invalid JSON")]) from None
    if pairs.has_duplicate:
        raise ValidationFailed([FieldError("", "An object has the same name twice")])
    if pairs.has_non_finite:
        raise ValidationFailed(non_finite_numbers(document))
    if pairs.names > MAX_NAMES:
        raise ValidationFailed([FieldError("", f"There are more than {MAX_NAMES} names")])
    if pairs.items > MAX_ITEMS:
        raise ValidationFailed([FieldError("", f"An array has more than {MAX_ITEMS} items")])


def non_finite_numbers(value: object, path: str = "") -> Iterator[FieldError]:
    """Find the numbers that parsers make of NaN, Infinity and 1e999."""
    pending = [(path, value)]
    while pending:
        path, value = pending.pop()
        inner: Iterable[tuple[str | int, Any]] = ()
        if isinstance(value, float) and not math.isfinite(value):
            yield FieldError(path, "must be a finite number")
        elif isinstance(value, dict):
            inner = value.items()
        elif isinstance(value, list):
            inner = enumerate(value)
        pending.extend(reversed([(json_pointer(path, step), item) for step, item in inner]))


def json_equal(left: object, right: object) -> bool:
    """Compare two parsed JSON documents by JSON's data model.

    `true` is not 1, 1 equals 1.0, and the order of an object's keys does not matter. NaN, which is
    not JSON, equals nothing, itself included. Nesting is walked with a list, not by recursion.
    """
    pending = [(left, right)]
    while pending:
        one, other = pending.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            pending.extend((value, other[key]) for key, value in one.items())
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            pending.extend(zip(one, other, strict=True))
        elif isinstance(one, bool) or isinstance(other, bool):
            if one is not other:
                return False
        elif one != other:
            return False
    return True


def json_pointer(path: str, step: str | int) -> str:
    """Extend a JSON pointer (RFC 6901) by one key or index."""
    return f"{path}/{str(step).replace('~', '~0').replace('/', '~1')}"
