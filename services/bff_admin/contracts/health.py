"""The response of a platform service to `/healthz`."""

from typing import Literal

from msgspec import Struct


class HealthReport(Struct, frozen=True):
    """The fields that all services share; each has its own `dependencies`, or none."""

    status: str | None = None
    version: str | None = None
    dependencies: object = None


class EventsReport(Struct, frozen=True):
    """A consumer of the platform's events; a number is None while it is unknown.

    `lag` counts messages, `silent_seconds` since the last one, `rejects` messages that were put
    aside.
    """

    status: Literal["connected", "connecting", "absent"]
    lag: int | None = None
    silent_seconds: float | None = None
    rejects: int | None = None
