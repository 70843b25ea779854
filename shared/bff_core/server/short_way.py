"""The short way of reads: from ASGI messages to a screen and back, without the framework.

The framework's table of routes finds the route, the kernel's guard admits the caller, and the
route's own decorators do the rest. Whatever is refused or fails, and whatever is not plain, goes
to the framework as if this were not here.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dishka import AsyncContainer
from quart import Quart
from quart_dishka.container import ContainerMiddleware
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, Rule

from bff_core.context import RequestContext
from bff_core.server.asked import ASKED, BARE, Asked, RouteResult
from bff_core.server.connection import send_whole, watch_of, while_caller_stays
from bff_core.server.guard import FAULT, Guard, rule_of
from bff_core.server.path_table import Routes
from bff_core.server.request_middleware import AsgiApp, Receive, Scope, SendMessage, request_state
from bff_core.server.routes.injection import WANTED
from bff_core.time_limit import TimeLimit

_SPARED = "__spares_reads__"
_BODY = frozenset({b"content-length", b"transfer-encoding", b"expect"})

Hook = Callable[..., Any]
View = Callable[..., Any]


def spares_reads(hook: Hook) -> Hook:
    """Declare that a hook does nothing with a GET that has a route; any other closes the way."""
    setattr(hook, _SPARED, True)
    return hook


class ShortWay:
    """ASGI middleware around the framework, for an app whose routes ask for no service key."""

    def __init__(self, inner: AsgiApp, app: Quart, guard: Guard, container: AsyncContainer) -> None:
        self._inner = inner
        self._app = app
        self._guard = guard
        self._container = container
        self._shared: dict[tuple[Any, str | None], Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: SendMessage) -> None:
        found = self._find(scope) if scope["type"] == "http" else None
        if found is None:
            await self._inner(scope, receive, send)
            return
        await while_caller_stays(self._pass(*found, scope, send), watch_of(scope, receive))
        if FAULT in scope:
            await self._inner(scope, receive, send)

    def _find(self, scope: Scope) -> tuple[Rule, Mapping[str, Any]] | None:
        path: str = scope["path"]
        if scope["method"] != "GET" or path[:1] != "/" or path[:2] == "//":
            return None
        if scope.get("root_path") or not _BODY.isdisjoint([name for name, _ in scope["headers"]]):
            return None
        found = self._routes.find(path)
        if found is not None:
            return found
        try:
            rule, values = self._addresses.match(path, "GET", return_rule=True)
        except HTTPException:
            return None
        return (rule, values) if rule.endpoint in self._views else None

    async def _pass(
        self, rule: Rule, values: Mapping[str, Any], scope: Scope, send: SendMessage
    ) -> None:
        try:
            answer = await self._ask(rule, values, scope)
        except Exception as error:  # noqa: BLE001 - the edge: the app's handlers log it and answer
            scope[FAULT] = error
            return
        length = str(len(answer.body))
        headers = {**answer.headers, "Content-Length": length}
        with suppress(TimeoutError), TimeLimit(self._app.config["RESPONSE_TIMEOUT"]):
            await send_whole(send, answer.status, headers.items(), answer.body)

    async def _ask(self, rule: Rule, values: Mapping[str, Any], scope: Scope) -> RouteResult:
        exchange = request_state(scope)
        exchange.route = rule.rule
        view = self._views[rule.endpoint]
        context = await self._guard.admit_to(view, scope["headers"], exchange)
        giver = _Giver(context, self._container, self._shared)
        asked = Asked(rule.endpoint, scope["query_string"], self._app.extensions, giver)
        before = ASKED.set(asked)
        try:
            answer: RouteResult = await view(**values)
        finally:
            ASKED.reset(before)
        return answer

    @cached_property
    def _addresses(self) -> MapAdapter:
        return self._app.url_map.bind("")

    @cached_property
    def _routes(self) -> Routes:
        return Routes(self._app.url_map.iter_rules(), self._views)

    @cached_property
    def _views(self) -> Mapping[str, View]:
        """Routes that may go this way, by endpoint; the app is complete at its first request."""
        if not _is_open(self._app):
            return {}
        views = self._app.view_functions
        return {endpoint: view for endpoint, view in views.items() if self._fits(view)}

    def _fits(self, view: View) -> bool:
        wanted = getattr(view, WANTED, ())
        lasting = self._container.registry.factories
        return (
            getattr(view, BARE, False)
            and rule_of(view) in self._guard.rules
            and all(key.type_hint is RequestContext or key in lasting for key in wanted)
        )


@dataclass(frozen=True, slots=True)
class _Giver:
    """Gives the request's own context, and otherwise what lives as long as the app."""

    context: RequestContext
    container: AsyncContainer
    shared: dict[tuple[Any, str | None], Any]

    async def get(self, wanted: Any, component: str | None = "", /) -> Any:
        if wanted is RequestContext:
            return self.context
        key = (wanted, component)
        if key not in self.shared:
            self.shared[key] = await self.container.get(wanted, component)
        return self.shared[key]


def _is_open(app: Quart) -> bool:
    """Whether no hook would be passed by that may have something to say of a read."""
    before = [hook for hooks in app.before_request_funcs.values() for hook in hooks]
    others = [*app.after_request_funcs.values(), *app.url_value_preprocessors.values()]
    return all(_spares(hook) for hook in before) and not any(others)


def _spares(hook: Hook) -> bool:
    # What these two do is done here: the caller is admitted, and things are given.
    ours = isinstance(getattr(hook, "__self__", None), Guard | ContainerMiddleware)
    return ours or getattr(hook, _SPARED, False)
