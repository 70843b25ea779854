"""Application for any ASGI server, for tests: `services.identity_admin.asgi:app`."""

from services.identity_admin.app import from_environment

app, _ = from_environment()
