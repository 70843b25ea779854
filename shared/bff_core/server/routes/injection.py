"""The request's context as a dependency of routes."""

from dishka import Provider, Scope, provide
from quart import g
from quart_dishka import inject

from bff_core.context import RequestContext

__all__ = ["ContextProvider", "inject"]


class ContextProvider(Provider):
    """Provides the `RequestContext` that the guard has built."""

    @provide(scope=Scope.REQUEST)
    def context(self) -> RequestContext:
        context: RequestContext = g.request_context
        return context
