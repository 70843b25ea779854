"""The gateway as an ASGI application, for any ASGI server."""

from services.gateway.app import from_environment

app, _ = from_environment()
