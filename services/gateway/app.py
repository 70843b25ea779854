"""The gateway, put together."""

import os
from typing import Any

from dishka import Provider
from quart import Quart
from redis.asyncio import Redis

from bff_core.app import Blueprints, build_app
from bff_core.cache import MemoryCache, MemoryOptions
from bff_core.client import CacheEntry, ClientRuntime
from bff_core.clock import Clock, SystemClock
from bff_core.observability import Metrics, configure_logs, configure_tracing
from bff_core.resources import Resources
from bff_core.server import LIFECYCLE, Lifecycle
from services.gateway.api.entry import attach_entry
from services.gateway.api.passage import Passage
from services.gateway.api.proxy_routes import proxy_routes
from services.gateway.config import SERVICE, Settings
from services.gateway.di import make_container
from services.gateway.implementations.cors import Cors
from services.gateway.implementations.open_streams import OpenStreams
from services.gateway.implementations.shared_allowances import RedisPing, redis_at
from services.gateway.implementations.shield import Shield
from services.gateway.route_table import RULES


def _redis(settings: Settings) -> Redis | None:
    if settings.redis_url is None:
        return None
    return redis_at(settings.redis_url, seconds=settings.redis_timeout)


def create_app(settings: Settings, *replacing: Provider) -> Quart:
    """The app with its container; `replacing` providers override the real parts."""
    clock = SystemClock()
    metrics = Metrics("api_gateway")
    redis = _redis(settings)
    container = make_container(settings, metrics, clock, redis, *replacing)
    streams = OpenStreams(settings.open_streams, metrics)
    app = build_app(
        settings,
        container,
        service=SERVICE,
        title="HuleEdu gateway",
        metrics=metrics,
        blueprints=[Blueprints(proxy_routes())],
        access=RULES,
        resources=_resources(redis, metrics, clock),
        clock=clock,
        inside=lambda guard, inner: Passage(inner, guard, container, streams),
    )
    lifecycle: Lifecycle = app.extensions[LIFECYCLE]
    lifecycle.when_draining.append(streams.drain)
    cors = Cors(settings.origins)
    attach_entry(app, cors)
    inner: Any = app.asgi_app
    app.asgi_app = Shield(  # type: ignore[method-assign, assignment]  # Quart's documented seam
        inner,
        cors,
        max_header_bytes=settings.max_header_bytes,
        hsts_seconds=0 if settings.environment.lenient else settings.hsts_seconds,
    )
    return app


def _resources(redis: Redis | None, metrics: Metrics, clock: Clock) -> Resources:
    """What `/ready` asks and the app closes; the gateway itself keeps no answers."""
    outbound = ClientRuntime(
        metrics, clock, MemoryCache[CacheEntry](MemoryOptions(entries=1, size=1))
    )
    return Resources(outbound, (RedisPing(redis),) if redis else (), redis)


def from_environment() -> tuple[Quart, Settings]:
    """The app as the environment describes it.

    Raises:
        SettingsError: The environment does not describe a service that may start.
    """
    settings = Settings.load(os.environ)
    configure_logs(
        service=SERVICE,
        environment=settings.environment.value,
        level=settings.log_level,
        as_json=settings.log_format == "json",
    )
    configure_tracing(os.environ, service=SERVICE, environment=settings.environment.value)
    return create_app(settings), settings
