"""The module as Identity mounts it, and as an app of its own for tests."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field

import structlog
from dishka import AsyncContainer, Provider, Scope, make_async_container, provide
from quart import Blueprint, Quart
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.app import Blueprints, build_app, verifier_from
from bff_core.auth import TokenVerifier
from bff_core.clock import Clock, SystemClock
from bff_core.context import Role
from bff_core.observability import Metrics, configure_logs
from bff_core.server import ErrorHandlers, Guard, ServiceKeys
from services.identity_admin.api.blueprint import PREFIX, admin_blueprint
from services.identity_admin.config import SERVICE, Settings
from services.identity_admin.di import IdentityAdminProvider
from services.identity_admin.implementations.database import open_engine
from services.identity_admin.implementations.gate import SignInGate
from services.identity_admin.implementations.redis_stream import RedisStream
from services.identity_admin.implementations.relay import Relay

_REDIS_SECONDS = 2.0

log = structlog.get_logger()


@dataclass(slots=True)
class IdentityAdmin:
    """What an app mounts: register `blueprint`, give `provider` to the container, start, stop."""

    settings: Settings
    blueprint: Blueprint
    provider: Provider
    clock: Clock
    verifier: TokenVerifier
    _relaying: asyncio.Task[None] | None = field(default=None, repr=False)
    _redis: Redis | None = field(default=None, repr=False)

    async def start(self, container: AsyncContainer) -> None:
        """Open the gate and begin to publish events. For startup: raising keeps the app down.

        Raises:
            NotMigrated: The database is not ready to say who may sign in.
        """
        await container.get(SignInGate)
        if self.settings.relay == "redis":
            self._start_relay(await container.get(AsyncEngine))

    async def stop(self) -> None:
        """For shutdown, before the engine is disposed of; does nothing twice."""
        relaying, self._relaying = self._relaying, None
        if relaying is not None:
            relaying.cancel()
            await asyncio.wait({relaying})
        redis, self._redis = self._redis, None
        if redis is not None:
            await redis.aclose()
        await self.verifier.aclose()

    def _start_relay(self, engine: AsyncEngine) -> None:
        settings, seconds = self.settings, _REDIS_SECONDS
        if settings.redis_url is None:
            log.warning("relay_not_started", missing="REDIS_URL")
            return
        self._redis = Redis.from_url(
            settings.redis_url, socket_timeout=seconds, socket_connect_timeout=seconds
        )
        sink = RedisStream(self._redis, settings.stream, settings.stream_length)
        relay = Relay(engine, sink, self.clock)
        self._relaying = asyncio.create_task(relay.run(), name="identity_admin_relay")
        self._relaying.add_done_callback(_report)


def _report(relaying: asyncio.Task[None]) -> None:
    """It runs until it is cancelled; another end is a bug that nobody would see before shutdown."""
    if not relaying.cancelled() and relaying.exception() is not None:
        log.error("relay_crashed", error=type(relaying.exception()).__name__)


def identity_admin(environ: Mapping[str, str], *, clock: Clock | None = None) -> IdentityAdmin:
    """The module as the environment describes it.

    Raises:
        SettingsError: A secret is missing or weak, or a value does not fit.
    """
    return identity_admin_with(Settings.load(environ), clock=clock)


def identity_admin_with(settings: Settings, *, clock: Clock | None = None) -> IdentityAdmin:
    clock = clock or SystemClock()
    key = settings.internal_api_key
    keys = ServiceKeys(key.get_secret_value() if key else "", settings.allowed_services)
    verifier = verifier_from(settings, clock)
    guard = Guard(verifier, access_of(settings), settings.request_budget, clock)
    handlers = ErrorHandlers(SERVICE, clock)
    blueprint = admin_blueprint(keys, guard, handlers, max_body_bytes=settings.max_body_bytes)
    provider = IdentityAdminProvider(settings, clock)
    return IdentityAdmin(settings, blueprint, provider, clock, verifier)


def access_of(settings: Settings) -> Mapping[str, frozenset[Role]]:
    return {"admin": frozenset({Role(settings.role)})}


class EngineProvider(Provider):
    """The engine that Identity brings when the module is mounted."""

    scope = Scope.APP

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    @provide
    async def engine(self) -> AsyncIterator[AsyncEngine]:
        engine = open_engine(self._url)
        yield engine
        await engine.dispose()


def create_app(settings: Settings, *, clock: Clock | None = None) -> Quart:
    """An app of its own, for tests: no other process opens Identity's database."""
    admin = identity_admin_with(settings, clock=clock)
    engine = EngineProvider(settings.require_database())
    container = make_async_container(admin.provider, engine)
    app = build_app(
        settings,
        container,
        service=SERVICE,
        title="HuleEdu identity admin",
        metrics=Metrics("identity_admin"),
        blueprints=[Blueprints(admin.blueprint, (PREFIX,))],
        access=access_of(settings),
        clock=admin.clock,
    )

    async def serving() -> AsyncGenerator[None, None]:
        await admin.start(container)
        yield
        await admin.stop()

    app.while_serving(serving)
    return app


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
    return create_app(settings), settings
