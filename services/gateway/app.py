"""The gateway application."""

from typing import Any

from dishka import AsyncContainer, Provider
from quart import Quart

from bff_core.app import Blueprints, app_from_environment, build_app
from bff_core.client import ClientRuntime
from bff_core.clock import SystemClock
from bff_core.front_end import attach_front_end, read_folder
from bff_core.observability import Metrics
from bff_core.resources import Resources
from bff_core.server import COMPLETION, LIFECYCLE, AsgiApp, Guard
from bff_core.settings import Environment
from services.gateway.api.header_policy import (
    PAGE_HEADERS,
    CorsPolicy,
    HeaderPolicyMiddleware,
    preflight_check,
)
from services.gateway.api.proxy_middleware import ProxyMiddleware
from services.gateway.api.proxy_routes import proxy_routes
from services.gateway.api.screens_document import add_screens
from services.gateway.api.session_gate import SessionCookies, SessionGate
from services.gateway.api.session_middleware import SessionMiddleware
from services.gateway.api.session_routes import blueprint as session_routes
from services.gateway.config import SERVICE, Settings
from services.gateway.di import make_container
from services.gateway.implementations.event_streams import EventStreams
from services.gateway.implementations.origin_policy import OriginPolicy
from services.gateway.implementations.rate_limiter import RedisHealthCheck, redis_at
from services.gateway.route_table import ACCESS_RULES


def create_app(settings: Settings, *replacing: Provider) -> Quart:
    """The app with its container; `replacing` providers override the real parts."""
    clock = SystemClock()
    metrics = Metrics("gateway")
    pages = read_folder(settings.static_dir, "API_GATEWAY_STATIC_DIR")
    url = settings.redis_url
    redis = redis_at(url, timeout=settings.redis_timeout) if url is not None else None
    streams = EventStreams(settings.open_streams, metrics)
    # Pinged by `/ready` and closed by the app; the gateway caches no responses.
    checked = (RedisHealthCheck(redis),) if redis else ()
    container = make_container(settings, metrics, clock, redis, streams, *replacing)

    def inside(_: Quart, guard: Guard, inner: AsgiApp) -> AsgiApp:
        gate = _gate(settings, guard, container)
        session = SessionMiddleware(inner, guard, container, gate)
        return ProxyMiddleware(session, gate, container, streams, guard.verifier)

    cors = CorsPolicy(settings.origins)
    app = build_app(
        settings,
        container,
        service=SERVICE,
        checks=pages.checks if pages else {},
        title="HuleEdu gateway",
        description="The API of the front ends: sign-in, the teacher screens, the admin screens.",
        metrics=metrics,
        blueprints=[Blueprints(proxy_routes()), Blueprints(session_routes)],
        access=ACCESS_RULES,
        resources=Resources(ClientRuntime(metrics, clock), checked, redis),
        clock=clock,
        first=[preflight_check(cors)],
        inside=inside,
    )
    app.extensions[COMPLETION] = add_screens
    app.extensions[LIFECYCLE].when_draining.append(streams.drain)
    _apply_header_policy(app, settings, cors)
    if pages:
        # After the policy's hooks: a malformed request gets no page.
        attach_front_end(app, pages, PAGE_HEADERS)
    return app


def _gate(settings: Settings, guard: Guard, container: AsyncContainer) -> SessionGate:
    cookies = SessionCookies(plain_over_http=settings.environment is Environment.DEVELOPMENT)
    policy = OriginPolicy(settings.origins, allow_http=settings.environment.lenient)
    return SessionGate(guard, container, cookies, policy)


def _apply_header_policy(app: Quart, settings: Settings, cors: CorsPolicy) -> None:
    inner: Any = app.asgi_app
    app.asgi_app = HeaderPolicyMiddleware(  # type: ignore[method-assign, assignment]  # Quart's documented seam
        inner,
        cors,
        max_header_bytes=settings.max_header_bytes,
        hsts_seconds=0 if settings.environment.lenient else settings.hsts_seconds,
    )


def from_environment() -> tuple[Quart, Settings]:
    """The app that the environment describes; see `app_from_environment`."""
    return app_from_environment(Settings, SERVICE, create_app)
