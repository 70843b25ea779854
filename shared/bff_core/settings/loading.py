"""Loading of the environment: complex values, and names that are no setting."""

import sys
from collections.abc import Mapping
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource

from bff_core.settings.environment import closest
from bff_core.settings.variables import variable_names, variable_of


class SettingsError(Exception):
    """The service cannot start with this environment; names the variable and the reason."""


class EnvironmentSource(EnvSettingsSource):
    """Names the variable, not the field, when a value is broken JSON."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            name = variable_of((field_name,), self.settings_cls)
            raise SettingsError(f"{name}: must be JSON, or set by its parts") from None


def check_names(settings: type[BaseSettings], given: Mapping[str, str], prefix: str) -> None:
    """Refuse misspelled names, and warn of unknown ones with the service's prefix."""
    known = set(variable_names(settings).values()) | set(getattr(settings, "aliases", {}))
    for name in sorted(given):
        if name.upper() in known:
            continue
        near = closest(name.upper(), known)
        if near is not None:
            raise SettingsError(f"{name} is not a setting; did you mean {near}?")
        if prefix and name.upper().startswith(prefix.upper()):
            print(f"warning: {name} is not a setting of this service", file=sys.stderr)  # noqa: T201 - before logs exist
