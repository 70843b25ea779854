"""Rules that compare the compose files with the settings classes, both ways."""

import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType

from pydantic import SecretStr

from bff_core.settings import ServiceSettings, variable_names
from tools.compose.documents import EXAMPLE, GUIDE, Stack, references, required

# Defaults that are right on a single machine only.
_LOCAL_DEFAULT = re.compile(r"127\.0\.0\.1|localhost|^sqlite")
# Every deployment sets these, though the defaults are safe.
_ALWAYS_SET = ("environment", "log_level", "log_format", "redis_url")
_SECRET = re.compile(r"(SECRET|SECRET_KEY|PASSWORD|API_KEY|AUDIT_KEY)$")
_NO_DEFAULT = re.compile(r"\$\{[A-Z][A-Z0-9_]*:?\?")
_WORD = re.compile(r"[A-Z][A-Z0-9_]+")

Settings = type[ServiceSettings]


def settings_of(module: str) -> Settings | None:
    """The settings class of one of our services; None for other modules."""
    if not module.startswith("services."):
        return None
    # Only the service itself may import its settings; this reads them as a document.
    config: ModuleType = importlib.import_module(f"{module}.config")
    settings: Settings = config.Settings
    return settings


def strangers(service: str, given: Iterable[str], settings: Settings) -> Iterator[str]:
    """Every variable that is set is read."""
    read = set(variable_names(settings).values()) | set(settings.aliases)
    for name in sorted(set(given) - read):
        yield (
            f"{service} is given {name}, which {settings.__module__} does not read:"
            " rename it here as it is named there, or take it out"
        )


def absent(service: str, given: Iterable[str], settings: Settings) -> Iterator[str]:
    """Every setting without a usable default is set, under its name or an alias."""
    names = set(given)
    names |= {settings.aliases[name] for name in names if name in settings.aliases}
    for field, name in sorted(variable_names(settings).items()):
        if name not in names and must_be_set(settings, field):
            yield (
                f"{service} lacks {name}: {settings.__module__} reads it, and its default is"
                " of one machine or a secret; set it in docker-compose.yml"
            )


def must_be_set(settings: Settings, field: str) -> bool:
    """True for secrets, addresses and required settings: a deployment has to set them."""
    first, *rest = field.split(".")
    info = settings.model_fields[first]
    if not rest and (
        info.is_required() or first in _ALWAYS_SET or "SecretStr" in str(info.annotation)
    ):
        return True
    value = info.default
    for step in rest:
        value = getattr(value, step)
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return isinstance(text, str) and bool(_LOCAL_DEFAULT.search(text))


def keeps_files(settings: Settings) -> bool:
    """True if a setting names a SQLite file by default."""
    defaults = (info.default for info in settings.model_fields.values())
    return any(
        isinstance(value, SecretStr) and value.get_secret_value().startswith("sqlite")
        for value in defaults
    )


def both_ways(stack: Stack) -> Iterator[str]:
    """Apply `strangers` and `absent` to each of our services."""
    for name in stack.services:
        settings = settings_of(stack.module(name))
        if settings is None:
            continue
        # The image's environment serves all services, so it is not checked here.
        yield from strangers(name, stack.given(name), settings)
        yield from absent(name, stack.environment(name), settings)


def image_names(environment: Mapping[str, str], every: Iterable[Settings]) -> Iterator[str]:
    """Every variable of the image is read by a service, or by the emulators."""
    read = {name for settings in every for name in variable_names(settings).values()}
    for name in environment:
        if name not in read and not name.startswith("DEVSTACK_"):
            yield f"Dockerfile sets {name}, which no service reads: rename it, or take it out"


def emulators(stack: Stack, devstack: Path) -> Iterator[str]:
    """Every variable of an emulator occurs in its code."""
    words = {
        word for path in devstack.rglob("*.py") for word in _WORD.findall(path.read_text("utf-8"))
    }
    for name in stack.services:
        if not stack.module(name).startswith("devstack."):
            continue
        for variable in stack.given(name):
            if variable not in words:
                yield f"{name} is given {variable}, which {devstack.name}/ does not read"


def secrets(stack: Stack) -> Iterator[str]:
    """Every secret is a required variable without a default."""
    for name in stack.services:
        for variable, value in stack.given(name).items():
            if _is_secret(stack, name, variable) and not _NO_DEFAULT.search(value or ""):
                yield f"{name}: {variable} is a secret: write it as ${{{variable}:?why it is needed}}"


def _is_secret(stack: Stack, service: str, variable: str) -> bool:
    settings = settings_of(stack.module(service))
    if settings is not None:
        fields = {name: field for field, name in variable_names(settings).items()}
        info = settings.model_fields.get(fields.get(variable, ""))
        if info is not None and "SecretStr" in str(info.annotation):
            return True
    return bool(_SECRET.search(variable))


def example(stack: Stack, text: str) -> Iterator[str]:
    """The example sets every required variable, and no unused one."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    names = {line.partition("=")[0] for line in lines}
    services = stack.services.values()
    for name in sorted(set().union(*map(required, services)) - names):
        yield f"{EXAMPLE} lacks {name}, without which {stack.name} does not start: add it"
    for name in sorted(names - set().union(*map(references, services))):
        if not name.startswith("COMPOSE_"):
            yield f"{EXAMPLE} sets {name}, which {stack.name} does not use: take it out"


def guide(stack: Stack, text: str) -> Iterator[str]:
    """The guide mentions every variable."""
    mentioned = set(_WORD.findall(text))
    for name in sorted(set().union(*map(references, stack.services.values())) - mentioned):
        yield f"{GUIDE} does not mention {name}, which {stack.name} takes: add a line"
