"""Shapes that Envoy's configuration repeats."""

from collections.abc import Mapping

Config = dict[str, object]

_TYPES = "type.googleapis.com/envoy."
FOR_EVER = "0s"


def typed(kind: str, fields: Mapping[str, object] | None = None) -> Config:
    """A message that names its own type, which is given without `envoy.`."""
    return {"@type": f"{_TYPES}{kind}", **(fields or {})}


def extension(name: str, kind: str, fields: Mapping[str, object] | None = None) -> Config:
    return {"name": name, "typed_config": typed(kind, fields)}


def seconds(number: float) -> str:
    return f"{number:g}s"


def regex(pattern: str) -> Config:
    """A pattern for the whole of a text."""
    return {"safe_regex": {"regex": pattern}}


def header(name: str, value: str) -> Config:
    """A header that replaces those of its name."""
    return {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
