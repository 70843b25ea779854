"""A namespace: its schema, its defaults and the validation of values."""

import asyncio
import copy
from collections.abc import Mapping
from dataclasses import dataclass, field

from jsonschema.protocols import Validator
from pydantic import JsonValue

from bff_core.errors import FieldError, NotFound
from bff_core.json_values import non_finite_numbers
from services.config_service.namespaces.bounds import size_errors
from services.config_service.namespaces.validation import validation_errors
from services.config_service.values import Values


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
