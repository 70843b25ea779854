"""The platform's Identity service, emulated over its own tables."""

from devstack.emulators.identity.app import create_app
from devstack.emulators.identity.settings import IdentitySettings

__all__ = ["IdentitySettings", "create_app"]
