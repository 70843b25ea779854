"""Module for mounting into Identity, and a separate app for tests."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Self

import structlog
from dishka import AsyncContainer, Provider, Scope, make_async_container, provide
from quart import Blueprint, Quart
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.app import Blueprints, app_from_environment, build_app, verifier_from
from bff_core.auth import TokenVerifier
from bff_core.cache import RedisClient, open_redis
from bff_core.clock import Clock, SystemClock
from bff_core.context import Role
from bff_core.observability import Metrics
from bff_core.server import ErrorHandlers, Guard, ServiceKeys
from bff_core.tasks import cancel_and_wait
from services.identity_admin.api.blueprint import PREFIX, admin_blueprint
from services.identity_admin.config import SERVICE, Settings
from services.identity_admin.di import IdentityAdminProvider
from services.identity_admin.implementations.database import open_engine
from services.identity_admin.implementations.gate import SignInGate
from services.identity_admin.implementations.outbox_relay import OutboxRelay, RedisStreamPublisher
from services.identity_admin.implementations.revocation import RevocationRelay

_REDIS_TIMEOUT_SECONDS = 2.0

log = structlog.get_logger()


@dataclass(slots=True)
class IdentityAdmin:
    """Module to mount: register `blueprint`, add `provider` to the container, start, stop."""

    settings: Settings
    blueprint: Blueprint
    provider: Provider
    clock: Clock
    verifier: TokenVerifier
    _relays: list[asyncio.Task[None]] = field(default_factory=list, repr=False)
    _redis: RedisClient | None = field(default=None, repr=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], *, clock: Clock | None = None) -> Self:
        """Build the module from environment variables.

        Raises:
            SettingsError: A secret is missing or weak, or a value is invalid.
        """
        return cls.from_settings(Settings.load(environ), clock=clock)

    @classmethod
    def from_settings(cls, settings: Settings, *, clock: Clock | None = None) -> Self:
        clock = clock or SystemClock()
        key = settings.internal_api_key
        keys = ServiceKeys(key.get_secret_value() if key else "", settings.allowed_services)
        verifier = verifier_from(settings, clock)
        guard = Guard(verifier, access_of(settings), settings.request_budget, clock)
        handlers = ErrorHandlers(SERVICE, clock)
        blueprint = admin_blueprint(keys, guard, handlers, max_body_bytes=settings.max_body_bytes)
        provider = IdentityAdminProvider(settings, clock)
        return cls(settings, blueprint, provider, clock, verifier)

    async def start(self, container: AsyncContainer) -> None:
        """Open the sign-in gate and start the relays; call it at startup.

        Raises:
            NotMigrated: The migration did not run; the app must not start.
        """
        await container.get(SignInGate)
        settings, seconds = self.settings, _REDIS_TIMEOUT_SECONDS
        if settings.redis_url is None:
            log.warning("relay_not_started", missing="REDIS_URL")
            return
        self._redis = open_redis(settings.redis_url, connect_timeout=seconds)
        engine, lifetime = await container.get(AsyncEngine), settings.jwt_access_token_seconds
        # Marks go to Redis whoever relays the events: the services listen there.
        marks = RevocationRelay(engine, self._redis, self.clock, lifetime)
        self._run(marks.run(), "identity_admin_revocations")
        if settings.relay == "redis":
            publisher = RedisStreamPublisher(self._redis, settings.stream, settings.stream_length)
            events = OutboxRelay(engine, publisher, self.clock)
            self._run(events.run(), "identity_admin_relay")

    def _run(self, relay: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(relay, name=name)
        task.add_done_callback(_log_crash)
        self._relays.append(task)

    async def stop(self) -> None:
        """Stop the relays; call it at shutdown, before the engine is disposed of. Idempotent."""
        tasks, self._relays = self._relays, []
        await cancel_and_wait(*tasks)
        redis, self._redis = self._redis, None
        if redis is not None:
            await redis.aclose()
        await self.verifier.aclose()


def _log_crash(task: asyncio.Task[None]) -> None:
    """Log the bug that ended the relay; it would stay hidden until shutdown."""
    if not task.cancelled() and task.exception() is not None:
        log.error("relay_crashed", error=type(task.exception()).__name__)


def access_of(settings: Settings) -> Mapping[str, frozenset[Role]]:
    return {"admin": frozenset({Role(settings.role)})}


class EngineProvider(Provider):
    """Provider of the engine that Identity provides to a mounted module."""

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
    """Build a separate app for tests; in production only Identity opens its database."""
    admin = IdentityAdmin.from_settings(settings, clock=clock)
    engine = EngineProvider(settings.require_database())
    container = make_async_container(admin.provider, engine)
    app = build_app(
        settings,
        container,
        service=SERVICE,
        title="HuleEdu identity admin",
        description="Approval of accounts, mounted into Identity.",
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
    """The app as the environment describes it; see `app_from_environment`."""
    return app_from_environment(Settings, SERVICE, create_app)
