"""DTOs as JSON bytes: pydantic says what an answer is, msgspec writes the plain ones."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from pydantic import BaseModel, TypeAdapter

Write = Callable[[BaseModel], bytes]

# Kinds of pydantic's core schemas that both write alike. `function-…` are validators: what a value
# had to pass does not change how it is written.
_ALIKE = frozenset(
    [
        "model",
        "model-fields",
        "model-field",
        "dataclass",
        "dataclass-args",
        "dataclass-field",
        "definitions",
        "definition-ref",
        "list",
        "nullable",
        "default",
        "str",
        "int",
        "float",
        "bool",
        "datetime",
        "uuid",
        "enum",
        "literal",
        "function-after",
        "function-before",
    ]
)
# What makes one be written in a way of its own.
_OWN = (
    "serialization",
    "serialization_alias",
    "serialization_exclude",
    "serialization_exclude_if",
    "computed_fields",
    "root_model",
)
_ALLOWS_MORE = ("extra_behavior", "extra_fields_behavior")


def writer(model: type[BaseModel]) -> Write:
    """What writes the model, to the byte as pydantic does but for the exponents of extreme floats.

    msgspec takes a third of the time, and knows nothing of aliases, serializers, computed fields
    and models within unions: models that have any of them are pydantic's.
    """
    by_pydantic = TypeAdapter(model).dump_json
    if not _is_plain(model.__pydantic_core_schema__):
        return by_pydantic
    # A model is written as its fields, which are all that its `__dict__` holds.
    by_msgspec = msgspec.json.Encoder(enc_hook=vars).encode

    def write(dto: BaseModel) -> bytes:
        try:
            return by_msgspec(dto)
        except (TypeError, ValueError, OverflowError):
            # A number beyond 64 bits, half a surrogate pair: pydantic writes it, or says why not.
            return by_pydantic(dto)

    return write


def _is_plain(schema: Mapping[str, Any]) -> bool:
    """Whether nothing in a core schema, or in a part of it, is written in a way of its own."""
    config = schema.get("config") or {}
    odd = schema["type"] not in _ALIKE or any(schema.get(name) for name in _OWN)
    shaped = any(name.startswith("ser_json") for name in config)
    open_ended = any("allow" in {schema.get(name), config.get(name)} for name in _ALLOWS_MORE)
    return not (odd or shaped or open_ended) and all(_is_plain(part) for part in _parts(schema))


def _parts(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in ("schema", "items_schema", "fields", "definitions"):
        found = schema.get(name, ())
        if isinstance(found, Mapping):
            found = [found] if "type" in found else found.values()
        # A dataclass lists the names of its fields, too.
        yield from (part for part in found if isinstance(part, Mapping))
