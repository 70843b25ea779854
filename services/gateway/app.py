"""The gateway application."""

from typing import Any

from dishka import Provider
from quart import Quart
from redis.asyncio import Redis

from bff_core.app import Blueprints, app_from_environment, build_app
from bff_core.client import ClientRuntime
from bff_core.clock import Clock, SystemClock
from bff_core.observability import Metrics
from bff_core.resources import Resources
from bff_core.server import COMPLETION, LIFECYCLE, Lifecycle
from services.gateway.api.cors import CorsPolicy
from services.gateway.api.header_policy import HeaderPolicyMiddleware
from services.gateway.api.preflight import attach_preflight
from services.gateway.api.proxy_middleware import ProxyMiddleware
from services.gateway.api.proxy_routes import proxy_routes
from services.gateway.api.screens_document import add_screens
from services.gateway.config import SERVICE, Settings
from services.gateway.di import make_container
from services.gateway.implementations.event_streams import EventStreams
from services.gateway.implementations.redis_rate_limiter import RedisHealthCheck, redis_at
from services.gateway.route_table import ACCESS_RULES


def create_app(settings: Settings, *replacing: Provider) -> Quart:
    """The app with its container; `replacing` providers override the real parts."""
    clock = SystemClock()
    metrics = Metrics("api_gateway")
    redis = None
    if settings.redis_url is not None:
        redis = redis_at(settings.redis_url, timeout=settings.redis_timeout)
    container = make_container(settings, metrics, clock, redis, *replacing)
    streams = EventStreams(settings.open_streams, metrics)
    app = build_app(
        settings,
        container,
        service=SERVICE,
        title="HuleEdu gateway",
        description="The API of the front ends: sign-in, the teacher screens, the admin screens.",
        metrics=metrics,
        blueprints=[Blueprints(proxy_routes())],
        access=ACCESS_RULES,
        resources=_resources(redis, metrics, clock),
        clock=clock,
        inside=lambda guard, inner: ProxyMiddleware(inner, guard, container, streams),
    )
    app.extensions[COMPLETION] = add_screens
    lifecycle: Lifecycle = app.extensions[LIFECYCLE]
    lifecycle.when_draining.append(streams.drain)
    _apply_header_policy(app, settings)
    return app


def _apply_header_policy(app: Quart, settings: Settings) -> None:
    cors = CorsPolicy(settings.origins)
    attach_preflight(app, cors)
    inner: Any = app.asgi_app
    app.asgi_app = HeaderPolicyMiddleware(  # type: ignore[method-assign, assignment]  # Quart's documented seam
        inner,
        cors,
        max_header_bytes=settings.max_header_bytes,
        hsts_seconds=0 if settings.environment.lenient else settings.hsts_seconds,
    )


def _resources(redis: Redis | None, metrics: Metrics, clock: Clock) -> Resources:
    """Dependencies that `/ready` checks and the app closes; the gateway caches no responses."""
    dependencies = (RedisHealthCheck(redis),) if redis else ()
    return Resources(ClientRuntime(metrics, clock), dependencies, redis)


def from_environment() -> tuple[Quart, Settings]:
    """The app that the environment describes; see `app_from_environment`."""
    return app_from_environment(Settings, SERVICE, create_app)
