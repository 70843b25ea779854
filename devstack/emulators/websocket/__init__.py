"""The websocket service as it is once mended: user channels in Redis, out to the browsers of that user."""

from devstack.emulators.websocket.app import create_app
from devstack.emulators.websocket.settings import WebsocketSettings

__all__ = ["WebsocketSettings", "create_app"]
