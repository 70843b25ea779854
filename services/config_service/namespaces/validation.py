"""From a validator's findings to pointers and words of ours, without the values."""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from jsonschema import ValidationError
from jsonschema.protocols import Validator

from bff_core.errors import FieldError
from bff_core.json_values import json_pointer
from services.config_service.values import canonical

_EXPECTED: Mapping[str, str] = MappingProxyType(
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


def flaws_in(validator: Validator, values: Any) -> list[FieldError]:
    """Every finding once, ordered by pointer."""
    found = {
        (flaw.pointer, flaw.message): flaw
        for error in validator.iter_errors(values)
        for flaw in _flaws_of(error)
    }
    return [found[key] for key in sorted(found)]


def _flaws_of(error: ValidationError) -> Iterator[FieldError]:
    where = ""
    for step in error.absolute_path:
        where = json_pointer(where, step)
    special = _SPECIAL.get(str(error.validator))
    if special is not None:
        yield from (FieldError(json_pointer(where, name), said) for name, said in special(error))
        return
    words = _EXPECTED.get(str(error.validator), "must satisfy the schema's {}")
    expected = error.validator_value if error.validator in _EXPECTED else error.validator
    yield FieldError(where, words.format(_spelled(expected)))


def _spelled(expected: object) -> str:
    return expected if isinstance(expected, str) else canonical(expected)


def _missing(error: ValidationError) -> Iterator[tuple[str, str]]:
    instance: Any = error.instance
    wanted: Any = error.validator_value
    return ((name, "is required") for name in wanted if name not in instance)


def _unknown(error: ValidationError) -> Iterator[tuple[str, str]]:
    """Names that no rule of the same schema allows; a rule for other names stands alone."""
    rules: Any = error.schema
    instance: Any = error.instance
    patterns = rules.get("patternProperties", {})
    for name in instance:
        if name in rules.get("properties", {}):
            continue
        if not any(re.search(pattern, name) for pattern in patterns):
            yield name, "is not a setting of this namespace"


_SPECIAL: Mapping[str, Callable[[ValidationError], Iterator[tuple[str, str]]]] = MappingProxyType(
    {"required": _missing, "additionalProperties": _unknown}
)
