"""What a service of the platform says of itself at `/healthz`."""

from msgspec import Struct


class Health(Struct, frozen=True):
    """Other words of it differ from service to service."""

    status: str | None = None
    version: str | None = None
