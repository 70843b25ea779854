"""Rules that hold the compose files against the settings classes, both ways."""

import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType

from pydantic import SecretStr

from bff_core.settings import ServiceSettings, variable_names
from tools.compose.documents import EXAMPLE, GUIDE, Stack, references, required

# Their defaults are right on one machine, and on no other.
_OF_ONE_MACHINE = re.compile(r"127\.0\.0\.1|localhost|^sqlite")
# Every deployment says these, though the defaults are safe.
_ALWAYS_SAID = ("environment", "log_level", "log_format", "redis_url")
_SECRET = re.compile(r"(SECRET|SECRET_KEY|PASSWORD|API_KEY|AUDIT_KEY)$")
_NO_DEFAULT = re.compile(r"\$\{[A-Z][A-Z0-9_]*:?\?")
_WORD = re.compile(r"[A-Z][A-Z0-9_]+")

Settings = type[ServiceSettings]


def settings_of(module: str) -> Settings | None:
    """What a service of ours reads; None for what is not one."""
    if not module.startswith("services."):
        return None
    # Only the service itself may import its settings; this reads them as a document.
    config: ModuleType = importlib.import_module(f"{module}.config")
    settings: Settings = config.Settings
    return settings


def strangers(service: str, given: Iterable[str], settings: Settings) -> Iterator[str]:
    """A variable that is set is one that is read."""
    read = set(variable_names(settings).values()) | set(settings.aliases)
    for name in sorted(set(given) - read):
        yield (
            f"{service} is given {name}, which {settings.__module__} does not read:"
            " rename it here as it is named there, or take it out"
        )


def absent(service: str, given: Iterable[str], settings: Settings) -> Iterator[str]:
    """A setting whose default cannot be right here is set, under its name or an alias."""
    said = set(given)
    said |= {settings.aliases[name] for name in said if name in settings.aliases}
    for field, name in sorted(variable_names(settings).items()):
        if name not in said and must_be_said(settings, field):
            yield (
                f"{service} lacks {name}: {settings.__module__} reads it, and its default is"
                " of one machine or a secret; set it in docker-compose.yml"
            )


def must_be_said(settings: Settings, field: str) -> bool:
    """Whether a deployment has to say it: a secret, an address, and what differs everywhere."""
    first, *rest = field.split(".")
    info = settings.model_fields[first]
    if not rest and (
        info.is_required() or first in _ALWAYS_SAID or "SecretStr" in str(info.annotation)
    ):
        return True
    value = info.default
    for step in rest:
        value = getattr(value, step)
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return isinstance(text, str) and bool(_OF_ONE_MACHINE.search(text))


def both_ways(stack: Stack) -> Iterator[str]:
    """Of every service of ours: what is given is read, and what must be said is said."""
    for name in stack.services:
        settings = settings_of(stack.module(name))
        if settings is None:
            continue
        # The image serves them all, so it names the host of each.
        yield from strangers(name, stack.given(name), settings)
        yield from absent(name, stack.environment(name), settings)


def image_names(environment: Mapping[str, str], every: Iterable[Settings]) -> Iterator[str]:
    """What the image sets is read by one of the services, or by the emulators."""
    read = {name for settings in every for name in variable_names(settings).values()}
    for name in environment:
        if name not in read and not name.startswith("DEVSTACK_"):
            yield f"Dockerfile sets {name}, which no service reads: rename it, or take it out"


def emulators(stack: Stack, devstack: Path) -> Iterator[str]:
    """What an emulator is given is a word of its code."""
    words = {
        word for path in devstack.rglob("*.py") for word in _WORD.findall(path.read_text("utf-8"))
    }
    for name in stack.services:
        if not stack.module(name).startswith("devstack."):
            continue
        for variable in stack.given(name):
            if variable not in words:
                yield f"{name} is given {variable}, of which {devstack.name}/ does not speak"


def secrets(stack: Stack) -> Iterator[str]:
    """A secret comes from whoever starts the stack, or the stack does not start."""
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
    """The example starts the stack: it sets all that is required, and nothing that is not asked."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    names = {line.partition("=")[0] for line in lines}
    services = stack.services.values()
    for name in sorted(set().union(*map(required, services)) - names):
        yield f"{EXAMPLE} lacks {name}, without which {stack.name} does not start: add it"
    for name in sorted(names - set().union(*map(references, services))):
        if not name.startswith("COMPOSE_"):
            yield f"{EXAMPLE} sets {name}, for which {stack.name} does not ask: take it out"


def guide(stack: Stack, text: str) -> Iterator[str]:
    """Whoever starts the stack finds every variable explained."""
    told = set(_WORD.findall(text))
    for name in sorted(set().union(*map(references, stack.services.values())) - told):
        yield f"{GUIDE} does not mention {name}, which {stack.name} takes: add a line"
