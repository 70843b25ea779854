"""A namespace: its schema, its defaults, and what is wrong with values that somebody sends."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from jsonschema import Draft202012Validator
from pydantic import JsonValue

from bff_core.errors import FieldError, NotFound
from services.config_service.namespaces.validation import flaws_in
from services.config_service.values import Values, unwritable


@dataclass(frozen=True, slots=True)
class Namespace:
    name: str
    title: str
    description: str
    schema: Values = field(repr=False)
    validator: Draft202012Validator = field(repr=False)

    @property
    def defaults(self) -> Values:
        """Version 0: what holds while nobody has written."""
        return self.filled({})

    def filled(self, values: Values) -> Values:
        """The values with the schema's defaults where they say nothing."""
        filled = copy.deepcopy(values)
        _fill(filled, self.schema)
        return filled

    def flaws(self, values: Values) -> list[FieldError]:
        """All that is wrong, by pointer; messages never hold the values."""
        return [*unwritable(values), *flaws_in(self.validator, values)]


def _fill(values: Values, schema: Mapping[str, JsonValue]) -> None:
    properties = schema.get("properties")
    for name, rule in properties.items() if isinstance(properties, dict) else ():
        if not isinstance(rule, dict):
            continue
        if name not in values and "default" in rule:
            values[name] = copy.deepcopy(rule["default"])
        inner = values.get(name)
        if isinstance(inner, dict):
            _fill(inner, rule)


class Namespaces(Mapping[str, Namespace]):
    """Every namespace by its name, in alphabetical order."""

    def __init__(self, *namespaces: Namespace) -> None:
        self._all = {one.name: one for one in sorted(namespaces, key=lambda one: one.name)}

    def named(self, name: str) -> Namespace:
        """The namespace.

        Raises:
            NotFound: No file defines it.
        """
        if name not in self._all:
            raise NotFound("There is no such namespace", details={"reason": "unknown_namespace"})
        return self._all[name]

    def __getitem__(self, name: str) -> Namespace:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)
