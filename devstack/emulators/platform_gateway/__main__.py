"""Run the emulator: `python -m devstack.emulators.platform_gateway`."""

from devstack.emulators.platform_gateway.access import GatewaySettings
from devstack.emulators.platform_gateway.app import create_app
from devstack.emulators.server import run

if __name__ == "__main__":
    run(create_app(GatewaySettings.from_env()), "HOST", "HTTP_PORT", 8080)
