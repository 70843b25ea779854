"""Composition of the service."""

from dishka import Provider
from quart import Blueprint, Quart

from bff_core.app import Blueprints, app_from_environment, build_app
from bff_core.auth import AdminAccess
from bff_core.clock import SystemClock
from bff_core.context import Role, ServiceId
from bff_core.observability import Metrics
from bff_core.resources import Resources
from services.bff_admin.api import (
    audit_routes,
    credits_routes,
    overview_routes,
    profile_routes,
    settings_routes,
    users_routes,
)
from services.bff_admin.config import SERVICE, SERVICE_ID, Settings
from services.bff_admin.di import make_container

PREFIXES = ("/v1/admin", "/bff/v1/admin")
"""The second is the prefix of requests from the gateway."""

ROUTES: tuple[Blueprint, ...] = (
    users_routes.blueprint,
    settings_routes.blueprint,
    audit_routes.blueprint,
    credits_routes.blueprint,
    overview_routes.blueprint,
    profile_routes.blueprint,
)


def create_app(settings: Settings, *replacing: Provider) -> Quart:
    """The app with its container; `replacing` providers override the real adapters."""
    metrics = Metrics("bff_admin")
    clock = SystemClock()
    key = settings.internal_api_key
    secret = key.get_secret_value() if key else ""
    resources = Resources.open(settings, metrics, clock)
    return build_app(
        settings,
        make_container(settings, resources.runtime, *replacing),
        service=SERVICE,
        title="HuleEdu admin BFF",
        description="The screens of an admin: accounts, credits, settings, their audit, the state of the services.",
        metrics=metrics,
        blueprints=[Blueprints(routes, PREFIXES) for routes in ROUTES],
        access={"admin": frozenset({Role(settings.role)})},
        resources=resources,
        clock=clock,
        admin_access=AdminAccess(settings.identity.url, secret, ServiceId(SERVICE_ID), clock),
    )


def from_environment() -> tuple[Quart, Settings]:
    """The app that the environment describes; see `app_from_environment`."""
    return app_from_environment(Settings, SERVICE, create_app)
