"""Reading the environment: names of variables, files of secrets, Kubernetes' links, misspellings."""

import difflib
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource

MAX_TYPOS = 2
MIN_SIMILARITY = 0.8
FILE_SUFFIX = "_FILE"
MAX_FILE_BYTES = 64 * 1024
PLATFORM_DEFAULTS = frozenset(
    {
        "test-secret-key",
        "your-secret-key-here",
        "dev-secret-change-me",
        "hule-internal-dev-key",
        "changeme",
        "secret",
    }
)
DEMO_PREFIX = "demo-only-"
"""Prefix of the public demo secrets, those of `.env.example`."""
SHORTEST_SECRET = 32
INTERNAL_KEY = "HULEEDU_INTERNAL_API_KEY"

OptionalFolder = Annotated[Path | None, BeforeValidator(lambda given: given or None)]
"""Empty is unset: `Path("")` would be the working directory."""


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


def variable_names(settings: type[BaseSettings]) -> dict[str, str]:
    """Field name to the environment variable that sets it, nested fields included."""
    prefix = settings.model_config.get("env_prefix") or ""
    names: dict[str, str] = {}
    for field, info in settings.model_fields.items():
        alias = info.validation_alias
        name = alias if isinstance(alias, str) else f"{prefix}{field}".upper()
        names |= _with_parts(field, name, info.annotation)
    return names


def _with_parts(path: str, name: str, kind: object) -> Iterator[tuple[str, str]]:
    yield path, name
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for field, info in kind.model_fields.items():
            part = f"{name}__{field.upper()}"
            yield from _with_parts(f"{path}.{field}", part, info.annotation)


def variable_of(place: Iterable[str | int], settings: type[BaseSettings]) -> str:
    """The environment variable behind a place in the settings, known or not."""
    first, *rest = (str(step) for step in place)
    return "__".join([variable_names(settings).get(first, first), *rest]).upper()


def explain(settings: type[BaseSettings], error: ValidationError) -> str:
    """One line per fault, each naming its variable and never its value."""
    return "; ".join(
        f"{variable_of(fault['loc'], settings)}: {fault['msg'].removeprefix('Value error, ')}"
        for fault in error.errors(include_url=False, include_input=False, include_context=False)
    )


def without_links(environ: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Drop variables that Kubernetes injects for a service of this name, such as `X_PORT=tcp://…`."""
    return {
        name: value
        for name, value in environ.items()
        if not name.upper().startswith(prefix.upper())
        or "_PORT" not in name.upper()
        or not (value.startswith(("tcp://", "udp://", "sctp://")) or "_PORT_" in name.upper())
    }


def check_names(known: Collection[str], given: Iterable[str], prefix: str) -> None:
    """Refuse misspelled names, and warn of unknown ones with the service's prefix."""
    for name in sorted(given):
        if name.upper() in known:
            continue
        near = closest(name.upper(), known)
        if near is not None:
            raise SettingsError(f"{name} is not a setting; did you mean {near}?")
        if prefix and name.upper().startswith(prefix.upper()):
            print(f"warning: {name} is not a setting of this service", file=sys.stderr)  # noqa: T201 - before logs exist


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` is likely a misspelling of: about two characters differ."""
    # The ratio alone also takes `GATEWAY_PORT` for `API_GATEWAY_PORT`: additions cost it little.
    as_long = [one for one in known if abs(len(one) - len(name)) <= MAX_TYPOS]
    # Of short names that differ in two characters, too many are names of something else.
    cutoff = max(MIN_SIMILARITY, 1 - MAX_TYPOS / len(name) - 1e-9)
    return next(iter(difflib.get_close_matches(name, as_long, n=1, cutoff=cutoff)), None)


def read_secret_files(environ: Mapping[str, str], secrets: Collection[str]) -> dict[str, str]:
    """Replace each `NAME_FILE` by `NAME` with the file's text, without the newline at its end.

    Raises:
        SettingsError: The file cannot be read, or `NAME` is set as well.
    """
    files = {name + FILE_SUFFIX: name for name in secrets}
    expanded = {name: value for name, value in environ.items() if name.upper() not in files}
    for variable, path in environ.items():
        name = files.get(variable.upper())
        if name is None or not path:
            continue
        if expanded.get(name):
            raise SettingsError(f"{name} and {variable} exclude each other")
        expanded[name] = _text_of(variable, path)
    return expanded


def _text_of(variable: str, path: str) -> str:
    file = Path(path)
    try:
        if not file.is_file():
            raise SettingsError(f"{variable}: {path!r} is not a file")
        with file.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise SettingsError(f"{variable}: {path} is larger than {MAX_FILE_BYTES} bytes")
        return content.decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise SettingsError(f"{variable}: {path}: {reason}") from error


def secret_fault(name: str, secret: str, environment: Environment) -> str | None:
    """The reason to refuse a secret, if any; shows no part of it."""
    useless = {
        "is not set": not secret,
        "holds a newline or another control character": not secret.isprintable(),
        "begins or ends with a blank": secret != secret.strip(),
        "is in quotes, which would be a part of it": len(secret) > 1
        and secret[0] == secret[-1]
        and secret[0] in "\"'`",
        "holds a character that no header can carry": name == INTERNAL_KEY and not secret.isascii(),
    }
    weak = {
        "is a well-known default; set a secret of your own": secret in PLATFORM_DEFAULTS
        or secret.startswith(DEMO_PREFIX),
        f"is shorter than {SHORTEST_SECRET} characters": len(secret) < SHORTEST_SECRET,
    }
    faults = useless if environment.lenient else useless | weak
    return next((fault for fault, found in faults.items() if found), None)
