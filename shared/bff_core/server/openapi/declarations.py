"""What a route says of itself for the document, beside the models that it takes and gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bff_core.errors import BffError

REFUSALS = "__refusals__"
SENT = "__sent_headers__"
OTHERS = "__other_answers__"
PLACES = "__places__"
LINKS = "__links__"
BODY_OPTIONAL = "__body_optional__"

F = TypeVar("F", bound=Callable[..., Any])

HEADERS: Mapping[str, dict[str, Any]] = {
    "X-Correlation-ID": {
        "description": "The caller's own valid UUID, or a new one; the logs know it.",
        "required": True,
        "schema": {"type": "string", "format": "uuid"},
    },
    "Retry-After": {
        "description": "Seconds to wait before asking again.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "ETag": {
        "description": "A strong tag of what is answered.",
        "schema": {"type": "string", "pattern": '^"[^"]*"$'},
    },
    "X-Parts-Incomplete": {
        "description": "Names of the parts that are stale or missing; absent when all are well.",
        "schema": {"type": "string"},
    },
    "Idempotent-Replay": {
        "description": "There when this had been done before, and was not done again.",
        "schema": {"type": "string", "const": "true"},
    },
    "Content-Language": {
        "description": "The language of what is written for people, by `Accept-Language`.",
        "schema": {"type": "string"},
    },
    "WWW-Authenticate": {
        "description": "How to prove who asks.",
        "schema": {"type": "string", "const": "Bearer"},
    },
}
"""Headers that an answer of ours may carry, as the document tells of them."""


@dataclass(frozen=True, slots=True)
class ExtraResponse:
    """An answer without a model: schemas by media type, empty where the body is another's."""

    status: str
    description: str
    content: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    headers: tuple[str, ...] = ()


def error_responses(*kinds: type[BffError]) -> Callable[[F], F]:
    """Document the refusals that only this route has. Stands above `returns`."""

    def declare(view: F) -> F:
        setattr(view, REFUSALS, (*getattr(view, REFUSALS, ()), *kinds))
        return view

    return declare


def response_headers(*names: str) -> Callable[[F], F]:
    """Document headers that a good answer of this route may carry. Stands above `returns`.

    Raises:
        KeyError: It is none of `HEADERS`.
    """
    for name in names:
        HEADERS[name]

    def declare(view: F) -> F:
        setattr(view, SENT, (*getattr(view, SENT, ()), *names))
        return view

    return declare


def extra_responses(*others: ExtraResponse) -> Callable[[F], F]:
    """Document answers that no model describes. Stands above everything that wraps the view."""

    def declare(view: F) -> F:
        setattr(view, OTHERS, (*getattr(view, OTHERS, ()), *others))
        return view

    return declare


def path_parameters(**schemas: Mapping[str, Any]) -> Callable[[F], F]:
    """Document what stands in the path, by the name of its place, where that is no mere text."""

    def declare(view: F) -> F:
        setattr(view, PLACES, schemas)
        return view

    return declare


@dataclass(frozen=True, slots=True)
class Link:
    """Another route under the same prefix, and where its parameters stand in this answer."""

    endpoint: str
    parameters: Mapping[str, str]


def openapi_links(*links: Link) -> Callable[[F], F]:
    """Document which routes a caller asks next, with what a good answer holds."""

    def declare(view: F) -> F:
        setattr(view, LINKS, links)
        return view

    return declare


def optional_body(view: F) -> F:
    """Document that the body may be left out."""
    setattr(view, BODY_OPTIONAL, True)
    return view
