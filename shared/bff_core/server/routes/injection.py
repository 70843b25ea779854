"""Dependencies of routes: those that they declare as `FromDishka`, and the request's context."""

from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar

from dishka import Provider, Scope, provide
from dishka.integrations.base import wrap_injection
from quart import g

from bff_core.context import RequestContext
from bff_core.server.routes.current_request import NEEDS_QUART, current_request

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
    setattr(injected, NEEDS_QUART, False)
    return injected
