"""ASGI middlewares and routes of the gateway."""
