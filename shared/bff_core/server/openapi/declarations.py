"""Decorators that declare, for the OpenAPI document, what models cannot express."""

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
