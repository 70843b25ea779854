"""The response of a platform service to `/healthz`."""

from msgspec import Struct


class HealthReport(Struct, frozen=True):
    """The two fields that all services share."""

    status: str | None = None
    version: str | None = None
