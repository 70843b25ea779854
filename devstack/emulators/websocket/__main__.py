"""Run the emulator: `python -m devstack.emulators.websocket`."""

from devstack.emulators.serving import address, run
from devstack.emulators.websocket.app import create_app
from devstack.emulators.websocket.settings import WebsocketSettings

if __name__ == "__main__":
    run(create_app(WebsocketSettings.from_env()), *address("HOST", "WEBSOCKET_PORT", 8081))
