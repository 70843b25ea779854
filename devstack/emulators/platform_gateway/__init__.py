"""The platform's own gateway: its write routes, which check the token and little else."""

from devstack.emulators.platform_gateway.access import GatewaySettings
from devstack.emulators.platform_gateway.app import create_app

__all__ = ["GatewaySettings", "create_app"]
