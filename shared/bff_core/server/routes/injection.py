"""What routes are given: what they name as `FromDishka`, and the request's context."""

from collections.abc import Awaitable, Callable
from inspect import signature
from typing import Any, ParamSpec, TypeVar, get_type_hints

from dishka import DependencyKey, Provider, Scope, provide
from dishka.integrations.base import default_parse_dependency, wrap_injection
from quart import g

from bff_core.context import RequestContext
from bff_core.server.asked import Giver, asked

WANTED = "__wanted__"

P = ParamSpec("P")
T = TypeVar("T")


class ContextProvider(Provider):
    """Routes ask for `RequestContext`; the guard has put it there."""

    @provide(scope=Scope.REQUEST)
    def context(self) -> RequestContext:
        context: RequestContext = g.request_context
        return context


def inject(view: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Give the route what it names as `FromDishka`."""
    # Typed as a container; all that is asked of one is `get`.
    getter: Any = _giver
    given = wrap_injection(func=view, is_async=True, container_getter=getter)
    setattr(given, WANTED, _wanted(view))
    return given


def _giver(*_: object) -> Giver | None:
    return asked().giver


def _wanted(view: Callable[..., Any]) -> tuple[DependencyKey, ...]:
    hints = get_type_hints(view, include_extras=True)
    parameters = signature(view).parameters.values()
    wanted = [default_parse_dependency(one, hints[one.name]) for one in parameters]
    return tuple(key for key in wanted if key is not None)
