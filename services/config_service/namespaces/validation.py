"""Translation of jsonschema's errors into pointers and messages that hold no values."""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any

from jsonschema import ValidationError
from jsonschema.protocols import Validator

from bff_core.errors import MAX_LISTED_ERRORS, FieldError
from bff_core.json_values import json_pointer
from services.config_service.values import canonical_json

_MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        "type": "must be of type {}",
        "enum": "must be one of {}",
        "const": "must be {}",
        "minimum": "must be at least {}",
        "maximum": "must be at most {}",
        "exclusiveMinimum": "must be more than {}",
        "exclusiveMaximum": "must be less than {}",
        "multipleOf": "must be a multiple of {}",
        "minLength": "must have at least {} characters",
        "maxLength": "must have at most {} characters",
        "pattern": "must match the pattern {}",
        "format": "must have the format {}",
        "minItems": "must have at least {} items",
        "maxItems": "must have at most {} items",
        "minProperties": "must have at least {} properties",
        "maxProperties": "must have at most {} properties",
        "uniqueItems": "must not hold the same item twice",
    }
)


def validation_errors(validator: Validator, values: Any) -> list[FieldError]:
    """The first errors, one more than an answer lists, each once and ordered by pointer."""
    errors = (error for raw in validator.iter_errors(values) for error in _field_errors(raw))
    first = islice(errors, MAX_LISTED_ERRORS + 1)
    found = {(error.pointer, error.message): error for error in first}
    return [found[key] for key in sorted(found)]


def _field_errors(error: ValidationError) -> Iterator[FieldError]:
    pointer = ""
    for step in error.absolute_path:
        pointer = json_pointer(pointer, step)
    keyword = str(error.validator)
    if keyword in _BY_PROPERTY:
        for name, message in _BY_PROPERTY[keyword](error):
            yield FieldError(json_pointer(pointer, name), message)
        return
    if keyword in _MESSAGES:
        expected: Any = error.validator_value
        text = expected if isinstance(expected, str) else canonical_json(expected)
        yield FieldError(pointer, _MESSAGES[keyword].format(text))
    else:
        yield FieldError(pointer, f"must satisfy the schema's {keyword}")


def _missing(error: ValidationError) -> Iterator[tuple[str, str]]:
    instance: Any = error.instance
    required: Any = error.validator_value
    return ((name, "is required") for name in required if name not in instance)


def _unknown(error: ValidationError) -> Iterator[tuple[str, str]]:
    """The properties that neither `properties` nor `patternProperties` of the schema allows."""
    rules: Any = error.schema
    instance: Any = error.instance
    patterns = rules.get("patternProperties", {})
    for name in instance:
        if name in rules.get("properties", {}):
            continue
        if not any(re.search(pattern, name) for pattern in patterns):
            yield name, "is not a setting of this namespace"


_BY_PROPERTY: Mapping[str, Callable[[ValidationError], Iterator[tuple[str, str]]]] = (
    MappingProxyType({"required": _missing, "additionalProperties": _unknown})
)
"""Keywords whose one error concerns several properties."""
