"""Declares, for the OpenAPI document, what models cannot express: facts of a route, headers, examples."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from bff_core.errors import BffError

F = TypeVar("F", bound=Callable[..., Any])

_DECLARATION = "__openapi_declaration__"

HEADERS: Mapping[str, dict[str, Any]] = {
    "X-Correlation-ID": {
        "description": "The caller's own valid UUID, or a new one; the logs contain it.",
        "required": True,
        "schema": {"type": "string", "format": "uuid"},
    },
    "Retry-After": {
        "description": "Seconds to wait before the next attempt.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "ETag": {
        "description": "The strong tag of this representation.",
        "schema": {"type": "string", "pattern": '^"[^"]*"$'},
    },
    "X-Parts-Incomplete": {
        "description": "Names of the stale or missing parts; absent when all parts are `ok`.",
        "schema": {"type": "string"},
    },
    "Idempotent-Replay": {
        "description": "Present when the write had been done before and was not repeated.",
        "schema": {"type": "string", "const": "true"},
    },
    "Content-Language": {
        "description": "The language of texts for people, chosen by `Accept-Language`.",
        "schema": {"type": "string"},
    },
    "Content-Disposition": {
        "description": "Name under which a browser saves the response.",
        "schema": {"type": "string"},
    },
    "WWW-Authenticate": {
        "description": "How to authenticate.",
        "schema": {"type": "string", "const": "Bearer"},
    },
}
"""Headers that responses may carry."""
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


@dataclass(frozen=True, slots=True)
class ExtraResponse:
    """A response without a model: schemas by media type, empty where the body is not ours."""

    status: str
    description: str
    content: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """Another route of the app, and where in the response its parameters are."""

    endpoint: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Declaration:
    """Everything that was declared of one route."""

    operation_id: str | None = None
    error_responses: tuple[type[BffError], ...] = ()
    response_headers: tuple[str, ...] = ()
    extra_responses: tuple[ExtraResponse, ...] = ()
    path_parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    optional_body: bool = False
    file_field: str | None = None


def declaration_of(view: Callable[..., Any]) -> Declaration:
    return getattr(view, _DECLARATION, Declaration())


def _declare(change: Callable[[Declaration], Declaration]) -> Callable[[F], F]:
    def decorate(view: F) -> F:
        setattr(view, _DECLARATION, change(declaration_of(view)))
        return view

    return decorate


def operation_id(name: str) -> Callable[[F], F]:
    """Name the operation as a generated client shall: `getDashboard`, `approveUser`."""
    return _declare(lambda now: replace(now, operation_id=name))


def error_responses(*kinds: type[BffError]) -> Callable[[F], F]:
    """Document the errors that only this route has. Stands above `returns`."""
    return _declare(lambda now: replace(now, error_responses=(*now.error_responses, *kinds)))


def response_headers(*names: str) -> Callable[[F], F]:
    """Document headers of this route's successful response. Stands above `returns`.

    Raises:
        KeyError: It is none of `HEADERS`.
    """
    for name in names:
        HEADERS[name]
    return _declare(lambda now: replace(now, response_headers=(*now.response_headers, *names)))


def extra_responses(*responses: ExtraResponse) -> Callable[[F], F]:
    """Document responses that no model describes. Stands above every decorator that wraps the view."""
    return _declare(lambda now: replace(now, extra_responses=(*now.extra_responses, *responses)))


def path_parameters(**schemas: Mapping[str, Any]) -> Callable[[F], F]:
    """Document path parameters, by name, that are more specific than any text."""
    return _declare(lambda now: replace(now, path_parameters=schemas))


def openapi_links(*links: Link) -> Callable[[F], F]:
    """Document which routes a caller calls next, with values of this route's response."""
    return _declare(lambda now: replace(now, links=links))


def optional_body(view: F) -> F:
    """Document that the body may be left out."""
    decorate: Callable[[F], F] = _declare(lambda now: replace(now, optional_body=True))
    return decorate(view)


def file_field(name: str) -> Callable[[F], F]:
    """Document a multipart body with files in a field of this name."""
    return _declare(lambda now: replace(now, file_field=name))


def files_body(field: str) -> dict[str, Any]:
    """The request body of such a view, for its operation."""
    files = {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}}
    schema = {"type": "object", "required": [field], "properties": {field: files}}
    return {"content": {"multipart/form-data": {"schema": schema}}}


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
