"""The teacher BFF as a Quart app."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dishka import AsyncContainer, Provider
from quart import Blueprint, Quart

from bff_core.app import Blueprints, app_from_environment, build_app
from bff_core.clock import SystemClock
from bff_core.context import ADMIN, TEACHER
from bff_core.observability import Metrics
from bff_core.ports import BreakerStatus, HealthChecked
from bff_core.resources import Resources
from bff_core.server import LIFECYCLE, Lifecycle, enforce_maintenance
from bff_core.settings import SettingsError
from services.bff_teacher.api import batch_routes, dashboard_routes, live_routes, profile_routes
from services.bff_teacher.api.batch_routes import CONFIRM
from services.bff_teacher.api.front_end import attach_front_end
from services.bff_teacher.api.static_files import (
    FolderTooLargeError,
    StaticFiles,
    read_static_files,
)
from services.bff_teacher.config import PREFIX, SERVICE, Settings
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.di import make_container, open_ledger
from services.bff_teacher.live import LiveStreams

PREFIXES = ("/v1/teacher", "/bff/v1/teacher")
"""The platform's current gateway uses the second one."""

PLATFORM_STATIC_DIR = Path("/app/static")
"""Folder of the front end in the image of the platform's teacher BFF; served where none is set."""

ACCESS = {"teacher": frozenset({TEACHER, ADMIN})}
ROUTES: tuple[Blueprint, ...] = (
    dashboard_routes.blueprint,
    batch_routes.blueprint,
    profile_routes.blueprint,
    live_routes.blueprint,
)


@dataclass(frozen=True, slots=True)
class TeacherDependencies:
    """Checked by `/ready`, and closed after the last response."""

    resources: Resources
    ledger: LedgerDatabase

    @property
    def dependencies(self) -> tuple[HealthChecked, ...]:
        return (*self.resources.dependencies, self.ledger)

    def breakers(self) -> Sequence[BreakerStatus]:
        return self.resources.breakers()

    async def aclose(self) -> None:
        await self.ledger.aclose()
        await self.resources.aclose()


def create_app(settings: Settings, *replacing: Provider) -> Quart:
    """The app with its container; `replacing` providers override the real adapters.

    Raises:
        SettingsError: The front end that the settings name cannot be read.
    """
    pages = read_front_end(settings)
    metrics = Metrics("bff_teacher")
    clock = SystemClock()
    resources = Resources.open(settings, metrics, clock)
    ledger = open_ledger(settings)
    container = make_container(settings, resources.runtime, ledger, *replacing)
    app = build_app(
        settings,
        container,
        service=SERVICE,
        title="HuleEdu teacher BFF",
        description="The screens of a teacher: classes, batches, essays, matches of students.",
        metrics=metrics,
        blueprints=[Blueprints(routes, PREFIXES) for routes in ROUTES],
        access=ACCESS,
        budgets={CONFIRM: settings.confirm_budget},
        resources=TeacherDependencies(resources, ledger),
        clock=clock,
        checks=pages.checks if pages else {},
    )
    enforce_maintenance(app, container)
    _drain_streams_with(app, container)
    if pages:
        attach_front_end(app, pages)
    return app


def read_front_end(
    settings: Settings, platform_folder: Path = PLATFORM_STATIC_DIR
) -> StaticFiles | None:
    """The built front end; None when there is no folder.

    Raises:
        SettingsError: The folder cannot be read, or is too large for a front end.
    """
    folder = settings.static_dir
    if "static_dir" not in settings.model_fields_set and platform_folder.is_dir():
        folder = platform_folder
    if folder is None:
        return None
    try:
        return read_static_files(folder)
    except (OSError, FolderTooLargeError) as error:
        reason = error.strerror or error if isinstance(error, OSError) else error
        raise SettingsError(f"{PREFIX}STATIC_DIR: {folder}: {reason}") from error


def _drain_streams_with(app: Quart, container: AsyncContainer) -> None:
    """Start live updates with the app, and end the streams when it begins to drain."""
    lifecycle: Lifecycle = app.extensions[LIFECYCLE]

    @app.before_serving
    async def listen() -> None:
        live = await container.get(LiveStreams)
        lifecycle.when_draining.append(live.drain)


def from_environment() -> tuple[Quart, Settings]:
    """The app that the environment describes; see `app_from_environment`."""
    return app_from_environment(Settings, SERVICE, create_app)
