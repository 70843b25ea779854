"""Builds the app of a service: handlers, health and shutdown are attached here, in order."""

import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from types import MappingProxyType
from typing import Any, TypeVar

from dishka import AsyncContainer
from quart import Blueprint, Quart, Response
from quart.wrappers.base import BaseRequestWebsocket
from quart_dishka import QuartDishka
from quart_schema import Info
from werkzeug.routing import MapAdapter

from bff_core.auth import (
    AdminAccess,
    JwksKeys,
    KeySource,
    RevocationListener,
    RevocationMarks,
    Revocations,
    TokenRules,
    TokenVerifier,
    key_from,
)
from bff_core.cache import open_redis
from bff_core.client import document_at
from bff_core.clock import Clock, SystemClock
from bff_core.context import Role
from bff_core.fastpath import FastPath
from bff_core.observability import Metrics, configure_logs, configure_tracing
from bff_core.server import (
    LIFECYCLE,
    METRICS,
    AsgiApp,
    ErrorHandlers,
    Guard,
    Lifecycle,
    RequestMiddleware,
    ServiceKeys,
)
from bff_core.server.asgi import ConcurrencyLimiter
from bff_core.server.health import Dependencies, Health, health_routes
from bff_core.server.openapi.document import attach_openapi
from bff_core.settings import ServiceSettings

BODY_TIMEOUT_SECONDS = 10.0
RELEASE = version("huleedu-bff")


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
    description: str = "",
    metrics: Metrics,
    blueprints: Sequence[Blueprints],
    access: Mapping[str, frozenset[Role]],
    budgets: Mapping[str, float] = MappingProxyType({}),
    resources: Dependencies | None = None,
    services: ServiceKeys | None = None,
    clock: Clock | None = None,
    first: Iterable[Callable[[], Awaitable[Response | None]]] = (),
    inside: Callable[[Quart, Guard, AsgiApp], AsgiApp] | None = None,
    checks: Mapping[str, bool] = MappingProxyType({}),
    admin_access: AdminAccess | None = None,
) -> Quart:
    """A Quart app with all that services share: `inside` wraps it, `services` alone may call it."""
    clock, lifecycle = clock or SystemClock(), Lifecycle()
    app = _create_quart(service, settings, clock)
    app.extensions |= {METRICS: metrics, LIFECYCLE: lifecycle, ServiceKeys.REQUIRED: bool(services)}
    verifier = verifier_from(settings, clock, metrics)
    heard = _hear_revocations(app, settings, clock, metrics, admin_access)
    guard = Guard(verifier, access, settings.request_budget, clock, services, budgets, heard)
    for check in (*first, guard.check):
        app.before_request(check)
    QuartDishka(app=app, container=container)  # Last: a refused request opens no scope in it.
    _close_with(app, verifier, container, resources, lifecycle)
    info, servers = Info(title, RELEASE, description=description), _paths_before(blueprints)
    attach_openapi(app, info, servers=servers, with_page=settings.shows_docs)
    health = Health(service, RELEASE, settings.environment, lifecycle, metrics, resources, checks)
    for group in [Blueprints(health_routes(health)), *blueprints]:
        group.register(app)
    guard.require_rules(app)
    fast = settings.fast_path and services is None
    inner: Any = FastPath(app, guard, container) if fast else app.asgi_app
    return _wrap(app, inside(app, guard, inner) if inside else inner, settings, metrics, clock)


def _wrap(
    app: Quart, inner: AsgiApp, settings: ServiceSettings, metrics: Metrics, clock: Clock
) -> Quart:
    """Put `inner` behind the limit of requests, ids, timing and the log line."""
    limiter = ConcurrencyLimiter(settings.max_in_flight, settings.max_in_flight_per_user, metrics)
    outer: Any = RequestMiddleware(inner, metrics, limiter, ErrorHandlers(app.name, clock))
    app.asgi_app = outer  # type: ignore[method-assign]  # Quart's documented seam
    return app


def _paths_before(blueprints: Iterable[Blueprints]) -> list[str]:
    """What comes before the first prefix of routes in their others: `` and `/bff`."""
    paths = ("", *(p.removesuffix(one.prefixes[0]) for one in blueprints for p in one.prefixes))
    return list(dict.fromkeys(paths))


class _PathRoutedQuart(Quart):
    """Matches routes by path alone, so that no Host header can change or break the match."""

    def create_url_adapter(self, request: BaseRequestWebsocket | None) -> MapAdapter | None:
        if request is None:
            return super().create_url_adapter(None)
        return self.url_map.bind(
            "", url_scheme=request.scheme, default_method=request.method, path_info=request.path
        )


def _create_quart(service: str, settings: ServiceSettings, clock: Clock) -> Quart:
    app = _PathRoutedQuart(service, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.config["BODY_TIMEOUT"] = BODY_TIMEOUT_SECONDS
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    # A path with two slashes is unknown, not a redirect to another one.
    app.url_map.merge_slashes = False
    ErrorHandlers(service, clock).attach(app)
    return app


def verifier_from(
    settings: ServiceSettings, clock: Clock, metrics: Metrics | None = None
) -> TokenVerifier:
    """The token verifier that the settings describe.

    Raises:
        SettingsError: The key cannot be read.
    """
    rules = TokenRules(
        settings.jwt_algorithm,
        settings.jwt_audience,
        settings.jwt_issuer,
        settings.jwt_clock_skew,
        settings.jwt_access_token_seconds,
    )
    keys: KeySource
    if settings.jwt_jwks_url:
        on_fetch = metrics.failures.count_key_read if metrics else lambda _: None
        keys = JwksKeys(document_at(settings.jwt_jwks_url), clock, on_fetch=on_fetch)
    else:
        keys = key_from(settings)
    return TokenVerifier(keys, rules, clock)


def _hear_revocations(
    app: Quart,
    settings: ServiceSettings,
    clock: Clock,
    metrics: Metrics,
    access: AdminAccess | None,
) -> Revocations | None:
    """Listen for revoked tokens while the app serves; None without Redis and somebody to ask."""
    marks = RevocationMarks(clock, settings.jwt_access_token_seconds)
    if settings.redis_url is None:
        return Revocations(marks, None, access) if access is not None else None
    listener = RevocationListener(open_redis(settings.redis_url), marks, clock)
    connected = metrics.make.gauge("revocations_heard", "1 while revoked tokens are heard of.")
    connected.set_function(lambda: float(listener.connected and listener.publisher_lives))

    @app.while_serving
    async def listen() -> AsyncGenerator[None, None]:
        await listener.start()
        yield
        await listener.aclose()

    return Revocations(marks, listener, access)


def _close_with(
    app: Quart,
    verifier: TokenVerifier,
    container: AsyncContainer,
    resources: Dependencies | None,
    lifecycle: Lifecycle,
) -> None:
    loop_lag = app.extensions[METRICS].loop_lag

    @app.before_serving
    async def start() -> None:
        loop_lag.start()
        lifecycle.start()

    @app.after_serving
    async def close() -> None:
        lifecycle.drain()
        await container.close()
        await verifier.aclose()
        if resources is not None:
            await resources.aclose()
        loop_lag.stop()


S = TypeVar("S", bound=ServiceSettings)


def app_from_environment(
    settings_type: type[S], service: str, create_app: Callable[[S], Quart]
) -> tuple[Quart, S]:
    """Read the settings, set up logs and tracing, and create the app.

    Raises:
        SettingsError: The service cannot start with this environment.
    """
    settings = settings_type.load(os.environ)
    environment = settings.environment.value
    configure_logs(
        service=service,
        environment=environment,
        level=settings.log_level,
        as_json=settings.log_format == "json",
    )
    configure_tracing(os.environ, service=service, environment=environment)
    return create_app(settings), settings
