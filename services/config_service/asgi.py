"""Entry point for ASGI servers: `services.config_service.asgi:app`."""

from services.config_service.app import from_environment

app, _ = from_environment()
