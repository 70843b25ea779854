"""Everything a service reads from its environment: read once, parsed into values, handed down.

Durations are seconds everywhere.
"""

from bff_core.settings.addresses import check_http_url
from bff_core.settings.choices import Engine, Environment
from bff_core.settings.downstream import BreakerSettings, Downstream, Operation
from bff_core.settings.loading import SettingsError
from bff_core.settings.replicas import sqlite_faults
from bff_core.settings.secrets import DEMO_PREFIX, PLATFORM_DEFAULTS, SHORTEST_SECRET
from bff_core.settings.service_settings import ServiceSettings
from bff_core.settings.variables import variable_names

__all__ = [
    "DEMO_PREFIX",
    "PLATFORM_DEFAULTS",
    "SHORTEST_SECRET",
    "BreakerSettings",
    "Downstream",
    "Engine",
    "Environment",
    "Operation",
    "ServiceSettings",
    "SettingsError",
    "check_http_url",
    "sqlite_faults",
    "variable_names",
]
