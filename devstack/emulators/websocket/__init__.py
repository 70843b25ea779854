"""The websocket service as it will be once fixed: user channels of Redis to that user's browsers."""

from devstack.emulators.websocket.app import create_app
from devstack.emulators.websocket.sockets import WebsocketSettings

__all__ = ["WebsocketSettings", "create_app"]
