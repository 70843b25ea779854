"""Entry point for ASGI servers: `services.bff_admin.asgi:app`."""

from services.bff_admin.app import from_environment

app, _ = from_environment()
