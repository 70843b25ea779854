"""The request that a route is answering, its dependencies, and marks of what needs Quart's own request."""

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar

from dishka import Provider, Scope, provide
from dishka.integrations.base import wrap_injection
from quart import Response, current_app, g, request
from werkzeug.datastructures import MultiDict

from bff_core.context import RequestContext

NEEDS_QUART = "__needs_quart__"
"""False on a view that `returns` has wrapped and that reads nothing of Quart's own request."""
SKIPS_MATCHED_READS = "__skips_matched_reads__"
"""True on a hook that does nothing before a GET that matches a route."""

F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
T = TypeVar("T")
Hook = Callable[[], Awaitable[Response | None]]


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


class ContextProvider(Provider):
    """Provides the `RequestContext` that the guard has built."""

    @provide(scope=Scope.REQUEST)
    def context(self) -> RequestContext:
        context: RequestContext = g.request_context
        return context


def inject(view: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Pass the route its `FromDishka` parameters.

    Another library's `inject` finds its container by Quart's request; this one needs none.
    """
    # Typed as a container; only its `get` is used.
    source: Any = lambda *_: current_request().dependencies  # noqa: E731
    injected = wrap_injection(func=view, is_async=True, container_getter=source)
    setattr(injected, NEEDS_QUART, getattr(view, NEEDS_QUART, False))
    return injected


def needs_quart(view: F) -> F:
    """Mark a view that reads Quart's own request: its body, headers or method."""
    setattr(view, NEEDS_QUART, True)
    return view


def for_unsafe_methods(hook: Hook) -> Hook:
    """Run the hook before requests to a route with an unsafe method."""
    safe = {"GET", "HEAD", "OPTIONS"}
    return _selective(hook, lambda: request.method not in safe and request.url_rule is not None)


def for_unmatched_paths(hook: Hook) -> Hook:
    """Run the hook before requests that match no route."""
    return _selective(hook, lambda: request.url_rule is None)


def _selective(hook: Hook, concerns: Callable[[], bool]) -> Hook:
    @wraps(hook)
    async def run() -> Response | None:
        return await hook() if concerns() else None

    setattr(run, SKIPS_MATCHED_READS, True)
    return run
