"""The request that a route is answering, and the dependencies that the route declares."""

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ParamSpec, Protocol, TypeVar

from dishka import Provider, Scope, provide
from dishka.integrations.base import wrap_injection
from quart import current_app, g, request
from werkzeug.datastructures import MultiDict

from bff_core.context import RequestContext


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
"""False on a view that `returns` has wrapped and that reads nothing of Quart's own request."""
KERNEL_INJECTED = "__kernel_injected__"
"""Set by `inject`; another library's finds its container by Quart's request."""

F = TypeVar("F", bound=Callable[..., Any])


def needs_quart(view: F) -> F:
    """Mark a view that reads Quart's own request: its body, headers or method."""
    setattr(view, NEEDS_QUART, True)
    return view


P = ParamSpec("P")
T = TypeVar("T")


class ContextProvider(Provider):
    """Provides the `RequestContext` that the guard has built."""

    @provide(scope=Scope.REQUEST)
    def context(self) -> RequestContext:
        context: RequestContext = g.request_context
        return context


def inject(view: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Pass the route its `FromDishka` parameters."""
    # Typed as a container; only its `get` is used.
    source: Any = lambda *_: current_request().dependencies  # noqa: E731
    injected = wrap_injection(func=view, is_async=True, container_getter=source)
    setattr(injected, KERNEL_INJECTED, True)
    return injected
