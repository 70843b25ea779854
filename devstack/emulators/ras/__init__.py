"""The results aggregator: batches and essays as it answers them, its quirks and cache included."""

from devstack.emulators.ras.app import create_app
from devstack.emulators.ras.settings import RasSettings

__all__ = ["RasSettings", "create_app"]
