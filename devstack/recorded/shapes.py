"""What two JSON answers have in common: keys and types, whatever the values are."""

from collections.abc import Iterator

Json = object


def differences(expected: Json, found: Json, pointer: str = "") -> Iterator[str]:
    """Where the shapes part. A null on either side matches anything, an empty list any list."""
    if expected is None or found is None:
        return
    if isinstance(expected, dict) and isinstance(found, dict):
        yield from _in_objects(expected, found, pointer)
    elif isinstance(expected, list) and isinstance(found, list):
        for number, one in enumerate(found if expected else []):
            yield from differences(expected[min(number, len(expected) - 1)], one, f"{pointer}/*")
    elif _kind(expected) != _kind(found):
        yield f"{pointer or '/'}: {_kind(expected)} expected, {_kind(found)} found"


def _in_objects(expected: dict[str, Json], found: dict[str, Json], pointer: str) -> Iterator[str]:
    for key in sorted(expected.keys() ^ found.keys()):
        yield f"{pointer}/{key}: {'missing' if key in expected else 'not expected'}"
    for key in expected.keys() & found.keys():
        yield from differences(expected[key], found[key], f"{pointer}/{key}")


def _kind(value: Json) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, dict) else "array"
