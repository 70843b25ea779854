"""Every place of a JSON Schema that is itself a schema."""

from collections.abc import Iterator
from typing import Any

from bff_core.json_values import json_pointer

_ONE = frozenset(
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
_LISTED = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})


def subschemas(schema: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Pointer and schema, the outermost first; `true` and `false` say nothing and are left out."""
    if not isinstance(schema, dict):
        return
    yield where, schema
    for keyword, rule in schema.items():
        inside = json_pointer(where, keyword)
        if keyword in _ONE:
            yield from subschemas(rule, inside)
        elif keyword in _BY_NAME:
            for name, part in rule.items():
                yield from subschemas(part, json_pointer(inside, name))
        elif keyword in _LISTED:
            for index, part in enumerate(rule):
                yield from subschemas(part, json_pointer(inside, index))
