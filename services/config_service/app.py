"""Composition of the service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dishka import Provider
from quart import Quart

from bff_core.app import Blueprints, app_from_environment, build_app
from bff_core.auth import AdminAccess
from bff_core.clock import SystemClock
from bff_core.context import ADMIN, ServiceId
from bff_core.observability import Metrics
from bff_core.ports import BreakerStatus, HealthChecked
from bff_core.server import ServiceKeys
from services.config_service.api import audit_routes, settings_routes
from services.config_service.api.settings_routes import ConditionsProvider
from services.config_service.chain import Seal
from services.config_service.config import SERVICE, SERVICE_ID, Settings
from services.config_service.di import make_container
from services.config_service.implementations.change_feed import (
    NullChangeFeed,
    RedisChangeFeed,
    change_events_counter,
)
from services.config_service.implementations.database import SqlDatabase
from services.config_service.migrations import migrate
from services.config_service.namespaces import SHIPPED, load_namespaces

ACCESS = {"admin": frozenset({ADMIN})}
ROUTES = (settings_routes.blueprint, audit_routes.blueprint)


@dataclass(frozen=True, slots=True)
class StorageDependencies:
    database: SqlDatabase
    redis: RedisChangeFeed | None = None

    @property
    def dependencies(self) -> tuple[HealthChecked, ...]:
        return (self.database, self.redis) if self.redis else (self.database,)

    def breakers(self) -> Sequence[BreakerStatus]:
        """Empty: this service calls no other."""
        return ()

    def reports(self) -> Mapping[str, Mapping[str, object]]:
        """Nothing works in the background."""
        return {}

    async def aclose(self) -> None:
        if self.redis:
            await self.redis.close()
        await self.database.close()


def create_app(settings: Settings, *replacing: Provider) -> Quart:
    """The app with its container; `replacing` providers override the real adapters.

    Raises:
        SettingsError: A namespace file is invalid, or the database's URL is.
    """
    folder = settings.namespace_directory
    namespaces = load_namespaces(SHIPPED, *([folder] if folder else []))
    database = open_database(settings)
    metrics = Metrics(SERVICE)
    counter = change_events_counter(metrics.registry)
    redis = RedisChangeFeed(settings.redis_url, counter) if settings.redis_url else None
    feed = redis or NullChangeFeed()
    key = settings.internal_api_key
    secret = key.get_secret_value() if key else ""
    app = build_app(
        settings,
        make_container(
            database, audit_seal(settings), namespaces, feed, ConditionsProvider(), *replacing
        ),
        service=SERVICE,
        title="HuleEdu config service",
        description="Versioned settings by namespace, with an audit that shows any change of it.",
        metrics=metrics,
        blueprints=[Blueprints(routes) for routes in ROUTES],
        access=ACCESS,
        services=ServiceKeys(secret, settings.allowed_services),
        resources=StorageDependencies(database, redis),
        admin_access=AdminAccess(
            settings.identity_url, secret, ServiceId(SERVICE_ID), SystemClock()
        ),
    )

    @app.before_serving
    async def migrate_database() -> None:
        await migrate(database)

    return app


def open_database(settings: Settings) -> SqlDatabase:
    return SqlDatabase(settings.database, max_wait=settings.storage_timeout)


def audit_seal(settings: Settings) -> Seal:
    key = settings.audit_key
    return Seal(key.get_secret_value().encode() if key else b"")


def from_environment() -> tuple[Quart, Settings]:
    """The app that the environment describes; see `app_from_environment`."""
    return app_from_environment(Settings, SERVICE, create_app)
