"""Which values are not their defaults."""

from collections.abc import Iterator

from pydantic import JsonValue

from bff_core.json_values import json_equal, json_pointer
from services.bff_admin.dto.overview_v1 import ChangedValueV1


def differences(values: JsonValue, defaults: JsonValue) -> list[ChangedValueV1]:
    """Objects are gone into, everything else is compared whole."""
    return list(_between(values, defaults, ""))


def _between(value: JsonValue, default: JsonValue, pointer: str) -> Iterator[ChangedValueV1]:
    if isinstance(value, dict) and isinstance(default, dict):
        for key in sorted(value.keys() | default.keys()):
            where = json_pointer(pointer, key)
            yield from _between(value.get(key), default.get(key), where)
    elif not json_equal(value, default):
        yield ChangedValueV1(pointer=pointer, value=value, default=default)
