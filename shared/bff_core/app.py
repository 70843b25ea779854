"""The one place where a service is put together, in the order that matters."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from inspect import iscoroutinefunction
from types import MappingProxyType
from typing import Any, Protocol

from dishka import AsyncContainer
from quart import Blueprint, Quart
from quart.wrappers.base import BaseRequestWebsocket
from quart_dishka import QuartDishka
from werkzeug.routing import MapAdapter

from bff_core.auth import JwksKeys, TokenRules, TokenVerifier, key_from
from bff_core.client import document_at
from bff_core.clock import Clock, SystemClock
from bff_core.context import Role
from bff_core.observability import Metrics
from bff_core.protocols import KeySource
from bff_core.server import (
    LIFECYCLE,
    METRICS,
    AsgiApp,
    ConcurrencyLimiter,
    Connection,
    Dependencies,
    ErrorHandlers,
    Guard,
    Health,
    Lifecycle,
    RequestMiddleware,
    ServiceKeys,
    ShortWay,
    attach_openapi,
    health_routes,
)
from bff_core.settings import ServiceSettings

BODY_TIMEOUT = 10.0
RELEASE = version("huleedu-bff")


class Held(Dependencies, Protocol):
    """What a service holds open; `/ready` asks it, and the app lets go of it at the end."""

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Blueprints:
    """Routes and the prefixes under which they are served; the first one names them."""

    routes: Blueprint
    prefixes: Sequence[str] = field(default=("",))

    def register(self, app: Quart) -> None:
        for number, prefix in enumerate(self.prefixes):
            name = self.routes.name if number == 0 else f"{self.routes.name}_{number + 1}"
            app.register_blueprint(self.routes, url_prefix=prefix, name=name)


def build_app(
    settings: ServiceSettings,
    container: AsyncContainer,
    *,
    service: str,
    title: str,
    metrics: Metrics,
    blueprints: Iterable[Blueprints],
    access: Mapping[str, frozenset[Role]],
    budgets: Mapping[str, float] = MappingProxyType({}),
    resources: Held | None = None,
    services: ServiceKeys | None = None,
    clock: Clock | None = None,
    inside: Callable[[Guard, AsgiApp], AsgiApp] | None = None,
    checks: Mapping[str, bool] = MappingProxyType({}),
) -> Quart:
    """A Quart app with everything attached that every service of ours has.

    `access` maps rules to roles, `budgets` names to seconds, `services` alone may call where given,
    `inside` wraps the app below the edge, `checks` are told by `/healthz`. The app closes the
    container and `resources` at its end.

    Raises:
        UndeclaredRouteError: A route declares no known access rule.
    """
    clock = clock or SystemClock()
    lifecycle = Lifecycle()
    app = _bare_app(service, settings, clock, {METRICS: metrics, LIFECYCLE: lifecycle})
    verifier = verifier_from(settings, clock, metrics)
    guard = Guard(verifier, access, settings.request_budget, clock, services, budgets)
    _guard_and_provide(app, guard, container)
    _close_with(app, verifier, container, resources, lifecycle)
    attach_openapi(app, title=title, version=RELEASE, with_page=settings.shows_docs)
    environment = settings.environment.value
    health = Health(service, RELEASE, environment, lifecycle, metrics, resources, checks)
    _register(app, [Blueprints(health_routes(health)), *blueprints], guard)
    inner = _framework(app, guard, container)
    inner = inside(guard, inner) if inside else inner
    _put_edge_around(app, inner, metrics, limit=settings.max_in_flight, clock=clock)
    return app


def _guard_and_provide(app: Quart, guard: Guard, container: AsyncContainer) -> None:
    # The guard first: a refused request opens no scope in the container.
    guard.attach(app)
    QuartDishka(app=app, container=container)


def _register(app: Quart, blueprints: Iterable[Blueprints], guard: Guard) -> None:
    for group in blueprints:
        group.register(app)
    guard.require_rules(app)


def _framework(app: Quart, guard: Guard, container: AsyncContainer) -> AsgiApp:
    """Quart, with the short way around it where no service has to prove itself."""
    inner: Any = app.asgi_app
    return inner if guard.services else ShortWay(inner, app, guard, container)


def _put_edge_around(
    app: Quart, inner: AsgiApp, metrics: Metrics, *, limit: int, clock: Clock
) -> None:
    door = ConcurrencyLimiter(inner, limit=limit, service=app.name, clock=clock, metrics=metrics)
    app.asgi_app = RequestMiddleware(door, metrics)  # type: ignore[method-assign, assignment]  # Quart's documented seam


def verifier_from(
    settings: ServiceSettings, clock: Clock, metrics: Metrics | None = None
) -> TokenVerifier:
    """What verifies tokens as the settings say.

    Raises:
        SettingsError: The key cannot be read.
    """
    rules = TokenRules(
        settings.jwt_algorithm, settings.jwt_audience, settings.jwt_issuer, settings.jwt_clock_skew
    )
    return TokenVerifier(_keys_from(settings, clock, metrics), rules, clock)


def _keys_from(settings: ServiceSettings, clock: Clock, metrics: Metrics | None) -> KeySource:
    if not settings.jwt_jwks_url:
        return key_from(settings)
    told = metrics.failures.count_key_read if metrics else None
    return JwksKeys(document_at(settings.jwt_jwks_url), clock, told=told)


_is_async = lru_cache(maxsize=1024)(iscoroutinefunction)


class _Routed(Quart):
    """Finds routes by path alone: the Host header means nothing here, and none can break it."""

    asgi_http_class = Connection  # type: ignore[assignment]  # ASGI, typed more loosely

    def ensure_async(self, func: Any) -> Any:
        """Asked several times a request about functions that never change."""
        return func if _is_async(func) else super().ensure_async(func)

    def create_url_adapter(self, request: BaseRequestWebsocket | None) -> MapAdapter | None:
        if request is None:
            return super().create_url_adapter(None)
        return self.url_map.bind(
            "",
            url_scheme=request.scheme,
            default_method=request.method,
            path_info=request.path,
        )


def _bare_app(
    service: str, settings: ServiceSettings, clock: Clock, extensions: Mapping[str, Any]
) -> Quart:
    app = _Routed(service, static_folder=None)
    app.extensions |= extensions
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.config["BODY_TIMEOUT"] = BODY_TIMEOUT
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    # A path with two slashes is unknown, not a redirect to another one.
    app.url_map.merge_slashes = False
    ErrorHandlers(service, clock).attach(app)
    return app


def _close_with(
    app: Quart,
    verifier: TokenVerifier,
    container: AsyncContainer,
    resources: Held | None,
    lifecycle: Lifecycle,
) -> None:
    @app.before_serving
    async def begin() -> None:
        lifecycle.start()

    @app.after_serving
    async def end() -> None:
        lifecycle.drain()
        await container.close()
        await verifier.aclose()
        if resources is not None:
            await resources.aclose()
