"""Examples for the OpenAPI document: of errors, and of models from those of their fields."""

from collections.abc import Mapping
from typing import Any

from bff_core.errors import BffError

_DETAILS: Mapping[str, dict[str, object]] = {
    "VALIDATION_ERROR": {
        "errors": [{"pointer": "/limit", "message": "Input should be less than or equal to 100"}]
    },
    "AUTHENTICATION_ERROR": {"reason": "token_expired"},
    "PAYLOAD_TOO_LARGE": {"limit_bytes": 524288},
    "EXTERNAL_SERVICE_ERROR": {"service": "ras", "part": "batches"},
    "CONNECTION_ERROR": {"service": "ras", "part": "batches"},
    "CIRCUIT_BREAKER_OPEN": {"service": "ras", "part": "batches"},
    "TIMEOUT": {"service": "ras", "part": "batches"},
}


class NoExampleError(ValueError):
    """A schema has no example, and none can be derived."""


def error_example(kind: type[BffError], service: str) -> dict[str, Any]:
    """The envelope as a caller would see it."""
    return {
        "error": {
            "code": kind.code,
            "message": kind.message,
            "correlation_id": "6d0f5e0a-1f2b-4f5e-9a57-7a5d0f3d9c11",
            "service": service,
            "timestamp": "2026-01-31T12:00:00.000000Z",
            "details": _DETAILS.get(kind.code, {}),
        }
    }


def example_of(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Any:
    """A value of the schema, from its own example or those of its fields.

    Raises:
        NoExampleError: A required field has none.
    """
    if "$ref" in schema:
        return example_of(components[schema["$ref"].rpartition("/")[2]], components)
    fixed = [schema[word] for word in ("const", "default") if word in schema]
    values = (*schema.get("examples", ()), *fixed, *schema.get("enum", ()))
    if values:
        return values[0]
    if "properties" in schema:
        required = schema.get("required", ())
        return {
            name: example_of(inner, components)
            for name, inner in schema["properties"].items()
            if name in required or "examples" in inner
        }
    if "items" in schema:
        return [example_of(schema["items"], components)]
    return _typical_value(schema)


def _typical_value(schema: Mapping[str, Any]) -> Any:
    """Values of types that need no example; a string means too many things."""
    if {"type": "null"} in schema.get("anyOf", ()):
        return None
    if schema.get("format") == "date-time":
        return "2026-01-31T12:00:00.000000Z"
    if schema.get("type") == "boolean":
        return True
    if schema.get("type") == "integer":
        return max(1, schema.get("minimum", 1))
    raise NoExampleError(str(schema))
