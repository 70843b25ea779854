"""The service as one app."""

import os

from dishka import Provider
from quart import Quart

from bff_core.app import Blueprints, build_app
from bff_core.context import ADMIN
from bff_core.observability import Metrics, configure_logs, configure_tracing
from bff_core.server import ServiceKeys
from services.config_service.api import audit_routes, settings_routes
from services.config_service.api.conditions import ConditionsProvider
from services.config_service.chain import Seal
from services.config_service.config import SERVICE, Settings
from services.config_service.di import AdapterProvider, make_container
from services.config_service.implementations.change_feed import RedisChangeFeed, count_of_changes
from services.config_service.implementations.database import Database
from services.config_service.implementations.stores import Stores
from services.config_service.migrations import migrate
from services.config_service.namespaces import SHIPPED, Namespaces, load_namespaces

ACCESS = {"admin": frozenset({ADMIN})}
ROUTES = (settings_routes.blueprint, audit_routes.blueprint)


def create_app(settings: Settings, *replacing: Provider) -> Quart:
    """The app with its container; `replacing` providers override the real adapters.

    Raises:
        SettingsError: A namespace file cannot be relied on, or there is nowhere to keep settings.
    """
    namespaces = namespaces_of(settings)
    database = database_of(settings)
    metrics = Metrics(SERVICE)
    redis = _redis_of(settings, metrics)
    adapters = AdapterProvider(database, seal_of(settings), redis)
    app = build_app(
        settings,
        make_container(adapters, namespaces, ConditionsProvider(), *replacing),
        service=SERVICE,
        title="HuleEdu config service",
        metrics=metrics,
        blueprints=[Blueprints(routes) for routes in ROUTES],
        access=ACCESS,
        services=_services_of(settings),
        resources=Stores(database, redis),
    )

    @app.before_serving
    async def bring_up_to_date() -> None:
        await migrate(database)

    return app


def namespaces_of(settings: Settings) -> Namespaces:
    more = settings.namespace_directory
    return load_namespaces(SHIPPED, *([more] if more else []))


def database_of(settings: Settings) -> Database:
    return Database(settings.database, within=settings.storage_timeout)


def seal_of(settings: Settings) -> Seal:
    key = settings.audit_key
    return Seal(key.get_secret_value().encode() if key else b"")


def _redis_of(settings: Settings, metrics: Metrics) -> RedisChangeFeed | None:
    count = count_of_changes(metrics.registry)
    return RedisChangeFeed(settings.redis_url, count) if settings.redis_url else None


def _services_of(settings: Settings) -> ServiceKeys:
    key = settings.internal_api_key
    return ServiceKeys(key.get_secret_value() if key else "", settings.allowed_services)


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
