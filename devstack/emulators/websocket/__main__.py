"""Run the emulator: `python -m devstack.emulators.websocket`."""

from devstack.emulators.server import run
from devstack.emulators.websocket import WebsocketSettings, create_app

if __name__ == "__main__":
    run(create_app(WebsocketSettings.from_env()), "HOST", "WEBSOCKET_PORT", 8081)
