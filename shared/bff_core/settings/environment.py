"""Reading the environment: names of variables, aliases, Kubernetes' links, misspelled names."""

import difflib
import sys
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource

MAX_TYPOS = 2
MIN_SIMILARITY = 0.8


class Environment(StrEnum):
    DEVELOPMENT = "development"
    TESTING = "testing"
    STAGING = "staging"
    PRODUCTION = "production"

    @property
    def lenient(self) -> bool:
        """True where weak secrets are tolerated."""
        return self in {Environment.DEVELOPMENT, Environment.TESTING}


class Engine(StrEnum):
    """HTTP servers that can carry a service."""

    HYPERCORN = "hypercorn"
    GRANIAN = "granian"


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


def without_links(environ: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Drop variables that Kubernetes injects for a service of this name, such as `X_PORT=tcp://…`."""
    return {
        name: value
        for name, value in environ.items()
        if not name.upper().startswith(prefix.upper())
        or "_PORT" not in name.upper()
        or not (value.startswith(("tcp://", "udp://", "sctp://")) or "_PORT_" in name.upper())
    }


def expand_aliases(environ: Mapping[str, str], aliases: Mapping[str, str]) -> dict[str, str]:
    """Copy aliased values to the name they stand for; a name set under its own spelling wins."""
    expanded = dict(environ)
    for alias, name in aliases.items():
        if alias in environ and name not in environ:
            expanded[name] = environ[alias]
    return expanded


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` is likely a misspelling of: about two characters differ."""
    # The ratio alone also takes `GATEWAY_PORT` for `API_GATEWAY_PORT`: additions cost it little.
    as_long = [one for one in known if abs(len(one) - len(name)) <= MAX_TYPOS]
    # Of short names that differ in two characters, too many are names of something else.
    cutoff = max(MIN_SIMILARITY, 1 - MAX_TYPOS / len(name) - 1e-9)
    return next(iter(difflib.get_close_matches(name, as_long, n=1, cutoff=cutoff)), None)


def variable_names(settings: type[BaseSettings]) -> dict[str, str]:
    """Field name to the environment variable that sets it, nested fields included."""
    prefix = settings.model_config.get("env_prefix") or ""
    return dict(_names_in(settings, prefix.upper(), top=True))


def _names_in(
    model: type[BaseModel], prefix: str, *, top: bool, path: str = ""
) -> list[tuple[str, str]]:
    names: list[tuple[str, str]] = []
    for field, info in model.model_fields.items():
        alias = info.validation_alias if top and isinstance(info.validation_alias, str) else None
        name = alias or f"{prefix}{field.upper()}"
        names.append((f"{path}{field}", name))
        kind = info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names.extend(_names_in(kind, f"{name}__", top=False, path=f"{path}{field}."))
    return names


def explain(settings: type[BaseSettings], error: ValidationError) -> str:
    """One line per fault, each naming its variable and never its value."""
    return "; ".join(
        f"{variable_of(fault['loc'], settings)}: {fault['msg'].removeprefix('Value error, ')}"
        for fault in error.errors(include_url=False, include_input=False, include_context=False)
    )


def variable_of(place: tuple[str | int, ...], settings: type[BaseSettings]) -> str:
    """The environment variable behind a place in the settings, known or not."""
    first, *rest = (str(step) for step in place)
    info = settings.model_fields.get(first)
    if info is None:
        name = first
    elif isinstance(info.validation_alias, str):
        name = info.validation_alias
    else:
        name = f"{settings.model_config.get('env_prefix') or ''}{first}"
    return "__".join([name, *rest]).upper()
