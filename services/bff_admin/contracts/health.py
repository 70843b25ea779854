"""The response of a platform service to `/healthz`."""

from typing import Literal

from msgspec import Struct


class HealthReport(Struct, frozen=True):
    """The fields that all services share; each has its own `dependencies`, or none."""

    status: str | None = None
    version: str | None = None
    dependencies: object = None


class EventsReport(Struct, frozen=True):
    """The consumer of the platform's events, as the teacher BFF reports it."""

    status: Literal["connected", "connecting", "absent"]
    lag: int | None = None
    silent_seconds: float | None = None
    rejects: int | None = None
