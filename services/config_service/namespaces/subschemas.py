"""A walk through all subschemas of a JSON Schema."""

from collections.abc import Iterator
from typing import Any

from bff_core.json_values import json_pointer

_SINGLE = frozenset(
    {
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_BY_NAME = frozenset({"$defs", "dependentSchemas", "patternProperties", "properties"})
_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})


def subschemas(schema: Any, pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Pointer and schema, the outermost first; the schemas `true` and `false` are left out."""
    if not isinstance(schema, dict):
        return
    yield pointer, schema
    for keyword, rule in schema.items():
        inner = json_pointer(pointer, keyword)
        if keyword in _SINGLE:
            yield from subschemas(rule, inner)
        elif keyword in _BY_NAME:
            for name, part in rule.items():
                yield from subschemas(part, json_pointer(inner, name))
        elif keyword in _LISTS:
            for index, part in enumerate(rule):
                yield from subschemas(part, json_pointer(inner, index))
