"""Everything a service reads from its environment: read once, parsed into values, handed down.

Durations are seconds everywhere.
"""

from bff_core.settings.downstream import BreakerSettings, Downstream, Operation, check_http_url
from bff_core.settings.environment import (
    Engine,
    Environment,
    OptionalFolder,
    SettingsError,
    variable_names,
)
from bff_core.settings.service_settings import ServiceSettings

__all__ = [
    "BreakerSettings",
    "Downstream",
    "Engine",
    "Environment",
    "Operation",
    "OptionalFolder",
    "ServiceSettings",
    "SettingsError",
    "check_http_url",
    "variable_names",
]
