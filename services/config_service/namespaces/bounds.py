"""Validation whose cost the schema decides, not the caller: what is too large is not looked into."""

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from bff_core.errors import FieldError
from bff_core.json_values import json_pointer
from services.config_service.values import Values, canonical_json

MAX_SIZE = 1000
"""The largest `maxItems`, `maxProperties` or `maxLength` that a schema may name."""
MAX_VALUES = 2000
MAX_DEPTH = 32
MAX_NAME_LENGTH = 256

_REFUSED = ("unevaluatedItems", "unevaluatedProperties")
_ARRAYS = ("items", "prefixItems", "contains", "uniqueItems")
_OBJECTS = ("patternProperties", "propertyNames")


def unbounded_keywords(part: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Keywords of one subschema whose cost the caller would decide, and the remedy."""
    for keyword in _REFUSED:
        if keyword in part:
            yield keyword, "costs more than its values and is refused"
    types = part.get("type", ())
    has_items = "array" in ([types] if isinstance(types, str) else types)
    is_map = isinstance(part.get("additionalProperties"), dict)
    needs = {
        "maxItems": has_items or any(keyword in part for keyword in _ARRAYS),
        "maxProperties": is_map or any(keyword in part for keyword in _OBJECTS),
        "maxLength": "pattern" in part,
    }
    for limit, needed in needs.items():
        if needed and not 0 <= part.get(limit, -1) <= MAX_SIZE:
            yield limit, f"is required here, and at most {MAX_SIZE}"


def size_errors(values: Values) -> list[FieldError]:
    """The first place where settings are larger than any settings."""
    pending: list[tuple[str, int, Any]] = [("", 0, values)]
    count = 0
    while pending:
        pointer, depth, value = pending.pop()
        count += 1
        if count + len(pending) > MAX_VALUES:
            return [FieldError("", f"must hold at most {MAX_VALUES} values")]
        if depth > MAX_DEPTH:
            return [FieldError(pointer, f"must be at most {MAX_DEPTH} deep")]
        if isinstance(value, dict):
            if any(len(name) > MAX_NAME_LENGTH for name in value):
                return [
                    FieldError(pointer, f"has a name of more than {MAX_NAME_LENGTH} characters")
                ]
            steps: Any = value.items()
        else:
            steps = enumerate(value) if isinstance(value, list) else ()
        pending.extend((json_pointer(pointer, step), depth + 1, inner) for step, inner in steps)
    return []


def _is_too_large(instance: Any, schema: dict[str, Any]) -> bool:
    """True where the schema's own limit, which reports it, makes a closer look needless."""
    for kind, limit in ((list, "maxItems"), (dict, "maxProperties"), (str, "maxLength")):
        if isinstance(instance, kind) and limit in schema:
            return len(instance) > int(schema[limit])
    return False


def _within_limits(keyword: str) -> Any:
    check = Draft202012Validator.VALIDATORS[keyword]

    def bounded(
        validator: Validator, rule: Any, instance: Any, schema: dict[str, Any]
    ) -> Iterator[ValidationError]:
        if not _is_too_large(instance, schema):
            yield from check(validator, rule, instance, schema) or ()

    return bounded


def _unique_items(
    _: Validator, wanted: Any, instance: Any, schema: dict[str, Any]
) -> Iterator[ValidationError]:
    """By a set: the library compares each item of mixed types with each other."""
    if not wanted or not isinstance(instance, list) or _is_too_large(instance, schema):
        return
    if len({canonical_json(_whole_as_int(item)) for item in instance}) < len(instance):
        yield ValidationError("has non-unique elements")


def _whole_as_int(value: Any) -> Any:
    """JSON has one kind of number: 2.0 is 2."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole_as_int(item) for item in value]
    if isinstance(value, dict):
        return {name: _whole_as_int(item) for name, item in value.items()}
    return value


BoundedValidator = extend(  # type: ignore[no-untyped-call]  # the library types this function not
    Draft202012Validator,
    {
        keyword: _within_limits(keyword)
        for keyword in ("additionalProperties", "contains", "items", "pattern", "prefixItems")
    }
    | {keyword: _within_limits(keyword) for keyword in _OBJECTS}
    | {"uniqueItems": _unique_items},
)
