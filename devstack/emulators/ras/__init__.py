"""The results aggregator: batches and essays as it answers them, its quirks and cache included."""

from devstack.emulators.ras.app import create_app
from devstack.emulators.ras.settings import RasEmulatorSettings

__all__ = ["RasEmulatorSettings", "create_app"]
