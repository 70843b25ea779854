"""The compose files as Compose itself reads them, and the few facts of the Dockerfile that they meet."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = Path(sys.executable).parent / "docker-compose"
BASE = "docker-compose.yml"
BESIDE_PLATFORM = "docker-compose.platform.yml"
EXAMPLE = ".env.example"
GUIDE = "docs/compose.md"
DEADLINE_SECONDS = 60

_REFERENCE = re.compile(r"\$\{(?P<name>[A-Z][A-Z0-9_]*)")
_REQUIRED = re.compile(r"\$\{(?P<name>[A-Z][A-Z0-9_]*):?\?")
_EXEC = re.compile(r"^(?P<word>HEALTHCHECK .*?CMD|CMD|ENV|FROM) (?P<rest>.*)$")

Service = dict[str, Any]


class NotReadable(Exception):
    """Compose refuses the files; the text is its own."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One image to build: what it runs and how it says that it is well; empty when it does not."""

    name: str
    command: tuple[str, ...] = ()
    health: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stack:
    """A set of compose files put together, nothing filled in, and what the image sets itself."""

    name: str
    services: Mapping[str, Service]
    image_environment: Mapping[str, str]
    whole: bool = True
    """Whether every service that is called is in it."""

    def environment(self, service: str) -> dict[str, str | None]:
        """What a process gets, as written; None is passed on when it is set."""
        return {**self.image_environment, **self.given(service)}

    def given(self, service: str) -> dict[str, str | None]:
        """What the files alone say of it."""
        return dict(self.services[service].get("environment") or {})

    def module(self, service: str) -> str:
        """`services.gateway` of a service of ours; empty for another's."""
        return module_of(self.services[service].get("command") or ())


def module_of(command: Sequence[str]) -> str:
    words = list(command)
    return words[2] if words[:2] == ["python", "-m"] else ""


def compose(*arguments: str, environ: Mapping[str, str] | None = None) -> str:
    """What Compose prints.

    Raises:
        NotReadable: It refuses.
    """
    # A file `.env` of the person's own must not decide what is found.
    settings = {"PATH": "", "COMPOSE_DISABLE_ENV_FILE": "1", **(environ or {})}
    done = subprocess.run(
        [str(COMPOSE), *arguments],
        cwd=ROOT,
        env=settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    if done.returncode:
        raise NotReadable(done.stderr.strip())
    return done.stdout


def services_of(*options: str) -> dict[str, Service]:
    written = compose(*options, "config", "--no-interpolate", "--format", "json")
    services: dict[str, Service] = json.loads(written)["services"]
    for service in services.values():
        service["environment"] = _pairs(service.get("environment") or {})
    return services


def _pairs(environment: dict[str, str | None] | list[str]) -> dict[str, str | None]:
    """Compose writes what it has merged as a list of `NAME=value`."""
    if isinstance(environment, dict):
        return environment
    split = [entry.partition("=") for entry in environment]
    return {name: value if separator else None for name, separator, value in split}


def stacks(dockerfile: str) -> tuple[Stack, Stack]:
    """All that can be started from the repository alone, and what runs beside the platform."""
    environment = image_environment(dockerfile)
    alone = services_of("--profile", "emulators")
    beside = services_of("-f", BASE, "-f", BESIDE_PLATFORM, "--profile", "gateway")
    return (
        Stack(BASE, alone, environment),
        Stack(BESIDE_PLATFORM, beside, environment, whole=False),
    )


def references(service: Service) -> set[str]:
    """The variables that the files take from whoever starts them."""
    passed = {name for name, value in (service.get("environment") or {}).items() if value is None}
    return passed | {found["name"] for found in _REFERENCE.finditer(json.dumps(service))}


def required(service: Service) -> set[str]:
    """Those without which Compose does not start."""
    return {found["name"] for found in _REQUIRED.finditer(json.dumps(service))}


def image_environment(dockerfile: str) -> dict[str, str]:
    """What the Dockerfile sets for a process, interpreter and path aside."""
    words = [
        word
        for kind, rest in _instructions(dockerfile)
        if kind == "ENV"
        for word in shlex.split(rest)
    ]
    pairs = dict(word.split("=", 1) for word in words)
    aside = ("UV_", "PYTHON", "PATH")
    return {name: value for name, value in pairs.items() if not name.startswith(aside)}


def image_stages(dockerfile: str) -> Iterator[Stage]:
    """The stages that run something, with their health check."""
    name, health = "", ()
    for kind, rest in _instructions(dockerfile):
        if kind == "FROM":
            name, health = rest.rpartition(" ")[2], ()
        elif kind == "HEALTHCHECK":
            health = tuple(json.loads(rest))
        elif kind == "CMD":
            yield Stage(name, tuple(json.loads(rest)), health)


def _instructions(dockerfile: str) -> Iterator[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", "", dockerfile)
    for line in text.splitlines():
        found = _EXEC.match(line)
        if found:
            yield found["word"].split()[0], found["rest"]
