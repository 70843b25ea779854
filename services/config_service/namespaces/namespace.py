"""A namespace: its schema, its defaults and the validation of values."""

import asyncio
import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType
from typing import Any

from jsonschema import ValidationError
from jsonschema.protocols import Validator
from pydantic import JsonValue

from bff_core.errors import MAX_LISTED_ERRORS, FieldError, NotFound
from bff_core.json_values import json_pointer, non_finite_numbers
from services.config_service.namespaces.bounds import size_errors
from services.config_service.values import Values, canonical_json

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
    expected: Any = error.validator_value
    instance: Any = error.instance
    if keyword == "required":
        for name in expected:
            if name not in instance:
                yield FieldError(json_pointer(pointer, name), "is required")
    elif keyword == "additionalProperties":
        for name in _unknown_names(instance, error.schema):
            yield FieldError(json_pointer(pointer, name), "is not a setting of this namespace")
    elif keyword in _MESSAGES:
        text = expected if isinstance(expected, str) else canonical_json(expected)
        yield FieldError(pointer, _MESSAGES[keyword].format(text))
    else:
        yield FieldError(pointer, f"must satisfy the schema's {keyword}")


def _unknown_names(instance: Any, rules: Any) -> Iterator[str]:
    """The properties that neither `properties` nor `patternProperties` of the schema allows."""
    known, patterns = rules.get("properties", {}), rules.get("patternProperties", {})
    for name in instance:
        if name not in known and not any(re.search(pattern, name) for pattern in patterns):
            yield name


@dataclass(frozen=True, slots=True)
class Namespace:
    name: str
    title: str
    description: str
    schema: Values = field(repr=False)
    validator: Validator = field(repr=False)
    _checking: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False, compare=False)

    @property
    def defaults(self) -> Values:
        """Version 0: the values until the first write."""
        return self.with_defaults({})

    def with_defaults(self, values: Values) -> Values:
        """A copy of the values, completed with the schema's defaults."""
        completed = copy.deepcopy(values)
        _fill_in_defaults(completed, self.schema)
        return completed

    async def check(self, values: Values) -> list[FieldError]:
        """The same as `errors`, one call at a time and in a thread, so that the event loop goes on."""
        async with self._checking:
            return await asyncio.to_thread(self.errors, values)

    def errors(self, values: Values) -> list[FieldError]:
        """The first errors by their pointers; messages never hold the values."""
        return size_errors(values) or [
            *non_finite_numbers(values),
            *validation_errors(self.validator, values),
        ]


def _fill_in_defaults(values: Values, schema: Mapping[str, JsonValue]) -> None:
    properties = schema.get("properties")
    for name, rule in properties.items() if isinstance(properties, dict) else ():
        if not isinstance(rule, dict):
            continue
        if name not in values and "default" in rule:
            values[name] = copy.deepcopy(rule["default"])
        inner = values.get(name)
        if isinstance(inner, dict):
            _fill_in_defaults(inner, rule)


class Namespaces(dict[str, Namespace]):
    """Every namespace by its name."""

    def require(self, name: str) -> Namespace:
        """The namespace.

        Raises:
            NotFound: No file defines it.
        """
        if name not in self:
            raise NotFound("There is no such namespace", details={"reason": "unknown_namespace"})
        return self[name]
