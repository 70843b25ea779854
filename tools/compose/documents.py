"""The compose files as Compose reads them, and the facts of the Dockerfile they depend on."""

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
    """Compose refuses the files; carries its message."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A build stage with its CMD and HEALTHCHECK, empty if it has none."""

    name: str
    command: tuple[str, ...] = ()
    health: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stack:
    """Merged compose files without interpolation, and the environment set by the image."""

    name: str
    services: Mapping[str, Service]
    image_environment: Mapping[str, str]
    whole: bool = True
    """True if it contains every service that is called."""

    def environment(self, service: str) -> dict[str, str | None]:
        """The environment of a process as written; None is passed on from the shell."""
        return {**self.image_environment, **self.given(service)}

    def given(self, service: str) -> dict[str, str | None]:
        """The environment from the compose files alone."""
        return dict(self.services[service].get("environment") or {})

    def module(self, service: str) -> str:
        """The module that a service runs, such as `services.gateway`; empty for other images."""
        return module_of(self.services[service].get("command") or ())


def module_of(command: Sequence[str]) -> str:
    words = list(command)
    return words[2] if words[:2] == ["python", "-m"] else ""


def compose(*arguments: str, environ: Mapping[str, str] | None = None) -> str:
    """Run Compose and return its output.

    Raises:
        NotReadable: Compose fails.
    """
    # A developer's own `.env` must not change the result.
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
    """Normalize an environment: Compose writes merged ones as a list of `NAME=value`."""
    if isinstance(environment, dict):
        return environment
    split = [entry.partition("=") for entry in environment]
    return {name: value if separator else None for name, separator, value in split}


def stacks(dockerfile: str) -> tuple[Stack, Stack]:
    """The standalone stack with its emulators, and the stack beside the platform."""
    environment = image_environment(dockerfile)
    alone = services_of("--profile", "emulators")
    beside = services_of("-f", BASE, "-f", BESIDE_PLATFORM, "--profile", "gateway")
    return (
        Stack(BASE, alone, environment),
        Stack(BESIDE_PLATFORM, beside, environment, whole=False),
    )


def references(service: Service) -> set[str]:
    """The variables that a service takes from the shell."""
    passed = {name for name, value in (service.get("environment") or {}).items() if value is None}
    return passed | {found["name"] for found in _REFERENCE.finditer(json.dumps(service))}


def required(service: Service) -> set[str]:
    """The variables that Compose requires."""
    return {found["name"] for found in _REQUIRED.finditer(json.dumps(service))}


def image_environment(dockerfile: str) -> dict[str, str]:
    """The ENV variables of the Dockerfile, without those of the interpreter."""
    words = [
        word
        for kind, rest in _instructions(dockerfile)
        if kind == "ENV"
        for word in shlex.split(rest)
    ]
    pairs = dict(word.split("=", 1) for word in words)
    excluded = ("UV_", "PYTHON", "PATH")
    return {name: value for name, value in pairs.items() if not name.startswith(excluded)}


def image_stages(dockerfile: str) -> Iterator[Stage]:
    """The stages that have a CMD."""
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
