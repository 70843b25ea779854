"""The gateway as an ASGI application, for a server of your choice."""

from services.gateway.app import from_environment

app, _ = from_environment()
