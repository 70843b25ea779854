"""The request's context as a dependency."""

from dishka import Provider, Scope, provide
from quart import g

from bff_core.context import RequestContext


class ContextProvider(Provider):
    """Routes ask for `RequestContext`; the guard has put it there."""

    @provide(scope=Scope.REQUEST)
    def context(self) -> RequestContext:
        context: RequestContext = g.request_context
        return context
