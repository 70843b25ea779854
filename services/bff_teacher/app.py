"""The service as one app."""

import os
from dataclasses import replace

from dishka import Provider
from quart import Blueprint, Quart

from bff_core.app import Blueprints, build_app
from bff_core.clock import SystemClock
from bff_core.context import ADMIN, TEACHER
from bff_core.observability import Metrics, configure_logs
from bff_core.resources import Resources
from bff_core.web import heed_switches
from services.bff_teacher.api import batch_routes, dashboard_routes, profile_routes
from services.bff_teacher.api.batch_routes import CONFIRM
from services.bff_teacher.config import SERVICE, Settings
from services.bff_teacher.di import make_container, open_ledger

PREFIXES = ("/v1/teacher", "/bff/v1/teacher")
"""The second is what the platform's current gateway asks for."""

ACCESS = {"teacher": frozenset({TEACHER, ADMIN})}
ROUTES: tuple[Blueprint, ...] = (
    dashboard_routes.blueprint,
    batch_routes.blueprint,
    profile_routes.blueprint,
)


def create_app(settings: Settings, *replacing: Provider) -> Quart:
    """The app with its container; `replacing` providers override the real adapters."""
    metrics = Metrics("bff_teacher")
    clock = SystemClock()
    ledger = open_ledger(settings)
    opened = Resources.open(settings, metrics, clock)
    resources = replace(opened, dependencies=(*opened.dependencies, ledger))
    container = make_container(settings, resources.outbound, ledger, *replacing)
    app = build_app(
        settings,
        container,
        service=SERVICE,
        title="HuleEdu teacher BFF",
        metrics=metrics,
        blueprints=[Blueprints(routes, PREFIXES) for routes in ROUTES],
        access=ACCESS,
        budgets={CONFIRM: settings.confirm_budget},
        resources=resources,
        clock=clock,
    )
    heed_switches(app, container)
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
