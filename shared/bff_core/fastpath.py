"""ASGI middleware that calls the view of a plain GET directly; every other request goes to Quart.

It earns its place by CPU (docs/fastpath.md). The setting `FAST_PATH` switches it off; the routes, the
guard and the answers are the same either way.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from inspect import signature, unwrap
from typing import Any, get_type_hints
from urllib.parse import parse_qsl

from dishka import AsyncContainer
from dishka.integrations.base import default_parse_dependency
from quart import Quart, request
from quart_dishka.container import ContainerMiddleware
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, Rule

from bff_core.context import RequestContext
from bff_core.server import Guard, Receive, Scope, Send, request_state, rule_of
from bff_core.server.asgi import send_response
from bff_core.server.routes import (
    CURRENT_REQUEST,
    NEEDS_QUART,
    SKIPS_MATCHED_READS,
    Answer,
    RouteRequest,
)

FAILURE = "bff_core.fastpath_failure"
"""Where the scope holds an exception of a view, for Quart's error handlers to answer."""

_BODY_HEADERS = frozenset({b"content-length", b"transfer-encoding", b"expect"})
_ENCODED = frozenset(b"%+")

View = Callable[..., Any]


class FastPath:
    """Calls views that need nothing of Quart; refusals and failures are answered by Quart."""

    def __init__(self, app: Quart, guard: Guard, container: AsyncContainer) -> None:
        self._inner: Any = app.asgi_app
        self._app = app
        self._guard = guard
        self._container = container
        self._shared: dict[object, Any] = {}
        app.before_request(_raise_failure)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match = self._match(scope) if scope["type"] == "http" else None
        if match is None:
            await self._inner(scope, receive, send)
            return
        hung_up = asyncio.timeout(None)
        watch = asyncio.create_task(_watch(receive, hung_up))
        try:
            async with hung_up:
                await self._respond(*match, scope, send)
        except TimeoutError:
            if not hung_up.expired():
                raise
        finally:
            watch.cancel()
        if FAILURE in scope:
            await self._inner(scope, receive, send)

    def _match(self, scope: Scope) -> tuple[Rule, Mapping[str, Any]] | None:
        """The rule and its values, if the request is plain and its view needs nothing of Quart."""
        path: str = scope["path"]
        if scope["method"] != "GET" or path[:1] != "/" or path[:2] == "//":
            return None
        if scope.get("root_path") or not _ENCODED.isdisjoint(scope["query_string"]):
            return None
        for name, _ in scope["headers"]:
            if name in _BODY_HEADERS:
                return None
        try:
            rule, values = self._adapter.match(path, "GET", return_rule=True)
        except HTTPException:
            return None
        return (rule, values) if rule.endpoint in self._views else None

    async def _respond(
        self, rule: Rule, values: Mapping[str, Any], scope: Scope, send: Send
    ) -> None:
        try:
            body, status, headers = await self._call_view(rule, values, scope)
        except Exception as error:  # noqa: BLE001 - Quart's error handlers log and answer it
            scope[FAILURE] = error
            return
        await send_response(send, status, headers, body)

    async def _call_view(self, rule: Rule, values: Mapping[str, Any], scope: Scope) -> Answer:
        state = request_state(scope)
        state.route = rule.rule
        view = self._views[rule.endpoint]
        context = await self._guard.authorize_view(view, scope["headers"], state)
        query = parse_qsl(scope["query_string"].decode("ascii"), keep_blank_values=True)
        dependencies = RouteDependencies(context, self._container, self._shared)
        current = RouteRequest(rule.endpoint, MultiDict(query), self._app.extensions, dependencies)
        token = CURRENT_REQUEST.set(current)
        try:
            answer: Answer = await view(**values)
        finally:
            CURRENT_REQUEST.reset(token)
        return answer

    @cached_property
    def _adapter(self) -> MapAdapter:
        return self._app.url_map.bind("")

    @cached_property
    def _views(self) -> Mapping[str, View]:
        """Views that may be called directly, by endpoint; none while a hook wants to see reads."""
        app = self._app
        if any(app.after_request_funcs.values()) or any(app.url_value_preprocessors.values()):
            return {}
        # The guard and dishka's scope are replaced by `authorize_view` and `RouteDependencies`.
        skip_reads = all(
            hook is _raise_failure
            or isinstance(getattr(hook, "__self__", None), Guard | ContainerMiddleware)
            or hasattr(hook, SKIPS_MATCHED_READS)
            for hooks in app.before_request_funcs.values()
            for hook in hooks
        )
        views = app.view_functions.items() if skip_reads else ()
        return {endpoint: view for endpoint, view in views if self._is_plain(view)}

    def _is_plain(self, view: View) -> bool:
        if getattr(view, NEEDS_QUART, True) or rule_of(view) not in self._guard.rules:
            return False
        original = unwrap(view)
        hints = get_type_hints(original, include_extras=True)
        parameters = signature(original).parameters.values()
        keys = [default_parse_dependency(one, hints[one.name]) for one in parameters]
        app_scoped = self._container.registry.factories
        return all(
            key is None or key.type_hint is RequestContext or key in app_scoped for key in keys
        )


@dataclass(frozen=True, slots=True)
class RouteDependencies:
    """Provides the request's context, and otherwise what lives as long as the app."""

    context: RequestContext
    container: AsyncContainer
    shared: dict[object, Any]

    async def get(self, dependency: Any, component: str | None = "", /) -> Any:
        if dependency is RequestContext:
            return self.context
        key = (dependency, component)
        if key not in self.shared:
            self.shared[key] = await self.container.get(dependency, component)
        return self.shared[key]


async def _raise_failure() -> None:
    failure = request.scope.get(FAILURE)
    if isinstance(failure, Exception):
        raise failure


async def _watch(receive: Receive, hung_up: asyncio.Timeout) -> None:
    """End the answer when the client disconnects."""
    while (await receive())["type"] != "http.disconnect":
        pass
    hung_up.reschedule(asyncio.get_running_loop().time())
