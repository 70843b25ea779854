"""The request that a route is answering, as far as route decorators need it."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from quart import current_app, g, request
from werkzeug.datastructures import MultiDict


class DependencySource(Protocol):
    """A container, or a stand-in that provides the dependencies of one request."""

    async def get(self, dependency: Any, component: str | None = ..., /) -> Any: ...


@dataclass(frozen=True, slots=True)
class RouteRequest:
    """`args` is the query; `extensions` are those of the app."""

    endpoint: str
    args: MultiDict[str, str]
    extensions: Mapping[str, Any]
    dependencies: DependencySource | None


CURRENT_REQUEST: ContextVar[RouteRequest] = ContextVar("current_request")
"""Set where a route is called without Quart's request context."""


def current_request() -> RouteRequest:
    """The current request, from the context variable or else from Quart."""
    known = CURRENT_REQUEST.get(None)
    if known is not None:
        return known
    return RouteRequest(
        request.endpoint or "", request.args, current_app.extensions, g.get("dishka_container")
    )


NEEDS_QUART = "__needs_quart__"

F = TypeVar("F", bound=Callable[..., Any])


def needs_quart(view: F) -> F:
    """Mark a view that reads Quart's own request: its body, headers or method."""
    setattr(view, NEEDS_QUART, True)
    return view
