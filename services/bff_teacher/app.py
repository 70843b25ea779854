"""The teacher BFF as a Quart app."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dishka import AsyncContainer, Provider
from quart import Blueprint, Quart

from bff_core.app import Blueprints, app_from_environment, build_app
from bff_core.clock import SystemClock
from bff_core.context import ADMIN, TEACHER
from bff_core.front_end import StaticFiles, attach_front_end, read_folder
from bff_core.observability import Metrics
from bff_core.ports import BreakerStatus, HealthChecked
from bff_core.resources import Resources
from bff_core.server import LIFECYCLE, Lifecycle
from bff_core.settings import SettingsError
from services.bff_teacher.api import (
    batch_routes,
    credits_routes,
    dashboard_routes,
    live_routes,
    notification_routes,
    profile_routes,
    results_routes,
    workflow_routes,
)
from services.bff_teacher.api.batch_routes import CONFIRM
from services.bff_teacher.api.maintenance import enforce_maintenance
from services.bff_teacher.api.page_headers import PAGE_HEADERS
from services.bff_teacher.api.workflow_routes import UPLOAD, WORKFLOW
from services.bff_teacher.config import PREFIX, SERVICE, Settings
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.di import make_container
from services.bff_teacher.di.events import EventReading, events_status
from services.bff_teacher.di.services import open_ledger
from services.bff_teacher.events.status import EventsStatus
from services.bff_teacher.live import AnnouncedWrites, LiveStreams
from services.bff_teacher.multipart import StreamedBodies
from services.bff_teacher.ports.notices import Notices

PREFIXES = ("/v1/teacher", "/bff/v1/teacher")
"""The platform's current gateway uses the second one."""

PLATFORM_STATIC_DIR = Path("/app/static")
"""Folder of the front end in the image of the platform's teacher BFF; served where none is set."""

ACCESS = {"teacher": frozenset({TEACHER, ADMIN})}
ROUTES: tuple[Blueprint, ...] = (
    dashboard_routes.blueprint,
    batch_routes.blueprint,
    results_routes.blueprint,
    profile_routes.blueprint,
    credits_routes.blueprint,
    live_routes.blueprint,
    notification_routes.blueprint,
    workflow_routes.blueprint,
)


@dataclass(frozen=True, slots=True)
class TeacherDependencies:
    """Checked by `/ready`, and closed after the last response."""

    resources: Resources
    ledger: LedgerDatabase
    events: EventsStatus

    @property
    def dependencies(self) -> tuple[HealthChecked, ...]:
        return (*self.resources.dependencies, self.ledger)

    def breakers(self) -> Sequence[BreakerStatus]:
        return self.resources.breakers()

    def reports(self) -> Mapping[str, Mapping[str, object]]:
        return {"events": self.events.report()} if self.events.is_on else {}

    async def aclose(self) -> None:
        await self.ledger.aclose()
        await self.resources.aclose()


def create_app(settings: Settings, *replacing: Provider) -> Quart:
    """The app with its container; `replacing` providers override the real adapters.

    Raises:
        SettingsError: The front end or the folder for uploads that the settings name is of no use.
    """
    require_upload_folder(settings.upload_dir)
    pages = read_front_end(settings)
    metrics = Metrics("bff_teacher")
    clock = SystemClock()
    resources = Resources.open(settings, metrics, clock)
    ledger = open_ledger(settings)
    events = events_status(settings, metrics, clock)
    container = make_container(settings, resources.runtime, ledger, events, *replacing)
    app = build_app(
        settings,
        container,
        service=SERVICE,
        title="HuleEdu teacher BFF",
        description="The screens of a teacher: classes, batches, essays, matches of students.",
        metrics=metrics,
        blueprints=[Blueprints(routes, PREFIXES) for routes in ROUTES],
        access=ACCESS,
        budgets={
            CONFIRM: settings.confirm_budget,
            WORKFLOW: settings.workflow_budget,
            UPLOAD: settings.upload_budget,
        },
        resources=TeacherDependencies(resources, ledger, events),
        clock=clock,
        inside=lambda app, _, inner: StreamedBodies(app, inner),
        checks=pages.checks if pages else {},
    )
    enforce_maintenance(app, container)
    _drain_with(app, container)
    if pages:
        attach_front_end(app, pages, PAGE_HEADERS)
    return app


def require_upload_folder(folder: Path | None) -> None:
    """Refuse a folder that takes no file: each upload would be refused as if the disk were full.

    Raises:
        SettingsError: It is none, or cannot be written to.
    """
    if folder is not None and not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise SettingsError(f"{PREFIX}UPLOAD_DIR: {folder} is no folder that can be written to")


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
    return read_folder(folder, f"{PREFIX}STATIC_DIR")


def _drain_with(app: Quart, container: AsyncContainer) -> None:
    """Start live updates with the app; streams end when it drains, writes are waited for."""
    lifecycle: Lifecycle = app.extensions[LIFECYCLE]

    @app.before_serving
    async def listen() -> None:
        live = await container.get(LiveStreams)
        # Notices and facts are kept from now on, whoever looks on.
        await container.get(Notices)
        await container.get(EventReading)
        lifecycle.when_draining.append(live.drain)
        writes = await container.get(AnnouncedWrites)
        lifecycle.when_answered.append(writes.drain)


def from_environment() -> tuple[Quart, Settings]:
    """The app that the environment describes; see `app_from_environment`."""
    return app_from_environment(Settings, SERVICE, create_app)
