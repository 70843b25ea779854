"""The platform's Identity service, emulated over its own tables."""

from devstack.emulators.identity.app import create_app
from devstack.emulators.identity.settings import IdentityEmulatorSettings

__all__ = ["IdentityEmulatorSettings", "create_app"]
