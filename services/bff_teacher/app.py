"""The service as one app."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from dishka import AsyncContainer, Provider
from quart import Blueprint, Quart

from bff_core.app import Blueprints, build_app
from bff_core.clock import SystemClock
from bff_core.context import ADMIN, TEACHER
from bff_core.observability import Metrics, configure_logs, configure_tracing
from bff_core.protocols import HealthChecked
from bff_core.resources import Resources
from bff_core.server import LIFECYCLE, Lifecycle, enforce_maintenance
from bff_core.settings import SettingsError
from services.bff_teacher.api import batch_routes, dashboard_routes, live_routes, profile_routes
from services.bff_teacher.api.batch_routes import CONFIRM
from services.bff_teacher.api.front_end import attach_front_end
from services.bff_teacher.config import PREFIX, SERVICE, Settings
from services.bff_teacher.di import make_container, open_ledger
from services.bff_teacher.implementations.built_pages import (
    BuiltPages,
    TooMuchToServe,
    read_pages,
)
from services.bff_teacher.implementations.ledger_database import LedgerDatabase
from services.bff_teacher.live import LiveStreams

PREFIXES = ("/v1/teacher", "/bff/v1/teacher")
"""The second is what the platform's current gateway asks for."""

ACCESS = {"teacher": frozenset({TEACHER, ADMIN})}
ROUTES: tuple[Blueprint, ...] = (
    dashboard_routes.blueprint,
    batch_routes.blueprint,
    profile_routes.blueprint,
    live_routes.blueprint,
)


@dataclass(frozen=True, slots=True)
class Opened:
    """What is closed after the last answer, and what `/ready` asks."""

    shared: Resources
    ledger: LedgerDatabase

    @property
    def dependencies(self) -> tuple[HealthChecked, ...]:
        return (*self.shared.dependencies, self.ledger)

    def breakers(self) -> Mapping[str, str]:
        return self.shared.breakers()

    async def aclose(self) -> None:
        await self.ledger.aclose()
        await self.shared.aclose()


def create_app(settings: Settings, *replacing: Provider) -> Quart:
    """The app with its container; `replacing` providers override the real adapters.

    Raises:
        SettingsError: The front end that the settings name cannot be read.
    """
    pages = pages_of(settings)
    metrics = Metrics("bff_teacher")
    clock = SystemClock()
    opened = Opened(Resources.open(settings, metrics, clock), open_ledger(settings))
    container = make_container(settings, opened.shared.runtime, opened.ledger, *replacing)
    app = build_app(
        settings,
        container,
        service=SERVICE,
        title="HuleEdu teacher BFF",
        metrics=metrics,
        blueprints=[Blueprints(routes, PREFIXES) for routes in ROUTES],
        access=ACCESS,
        budgets={CONFIRM: settings.confirm_budget},
        resources=opened,
        clock=clock,
        checks=pages.checks if pages else {},
    )
    enforce_maintenance(app, container)
    _end_streams_with(app, container)
    if pages:
        attach_front_end(app, pages)
    return app


def pages_of(settings: Settings) -> BuiltPages | None:
    """The front end to serve, if any.

    Raises:
        SettingsError: Its folder cannot be read, or is no front end's.
    """
    if settings.static_dir is None:
        return None
    try:
        return read_pages(settings.static_dir)
    except (OSError, TooMuchToServe) as error:
        why = error.strerror or error if isinstance(error, OSError) else error
        raise SettingsError(f"{PREFIX}STATIC_DIR: {settings.static_dir}: {why}") from error


def _end_streams_with(app: Quart, container: AsyncContainer) -> None:
    """Listen while the app serves, and end the streams as soon as it is told to stop."""
    lifecycle: Lifecycle = app.extensions[LIFECYCLE]

    @app.before_serving
    async def listen() -> None:
        live = await container.get(LiveStreams)
        lifecycle.when_draining.append(live.drain)


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
