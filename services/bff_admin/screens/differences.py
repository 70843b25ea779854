"""Which values are not their defaults."""

from collections.abc import Iterator

from pydantic import JsonValue

from services.bff_admin.dto.overview_v1 import ChangedValueV1


def differences(values: JsonValue, defaults: JsonValue) -> list[ChangedValueV1]:
    """Objects are gone into, everything else is compared whole."""
    return list(_between(values, defaults, ""))


def _between(value: JsonValue, default: JsonValue, pointer: str) -> Iterator[ChangedValueV1]:
    if isinstance(value, dict) and isinstance(default, dict):
        for key in sorted(value.keys() | default.keys()):
            step = key.replace("~", "~0").replace("/", "~1")
            yield from _between(value.get(key), default.get(key), f"{pointer}/{step}")
    elif not _same(value, default):
        yield ChangedValueV1(pointer=pointer, value=value, default=default)


def _same(value: JsonValue, default: JsonValue) -> bool:
    """As JSON has it: true is not 1, and 1 is 1.0."""
    if isinstance(value, bool) or isinstance(default, bool):
        return value is default
    if isinstance(value, list) and isinstance(default, list):
        pairs = zip(value, default, strict=False)
        return len(value) == len(default) and all(_same(one, other) for one, other in pairs)
    return value == default
