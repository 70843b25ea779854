"""Rules for running containers: health, start order, ports, confinement."""

import re
from collections.abc import Iterator
from typing import Any

from bff_core.settings import ServiceSettings
from tools.compose.documents import Service, Stack, Stage, module_of
from tools.compose.settings_rules import keeps_files, settings_of

HEALTHCHECK = "/opt/healthcheck.sh"
LEAST_INTERVAL = 30.0
"""Seconds between the checks of a container that is healthy."""
# Ports of third-party images.
WELL_KNOWN = {"redis": 6379, "bff_postgres": 5432}
# Names of the platform's own containers, on the network that the two share.
PLATFORM_NAMES = frozenset({"postgres", "redis"})
DATA = "/data"
_ADDRESS = re.compile(r"[a-z+]+://(?:[^@/\s]*@)?(?P<host>[a-z][a-z0-9_-]*):(?P<port>\d+)")
_DURATION = re.compile(r"(?:(?P<minutes>\d+)m)?(?:(?P<seconds>\d+)s)?")


def order(stack: Stack) -> Iterator[str]:
    """Every awaited condition can become true."""
    for name, service in stack.services.items():
        for other, terms in (service.get("depends_on") or {}).items():
            yield from _dependency(stack, name, other, terms)


def _dependency(stack: Stack, name: str, other: str, terms: dict[str, Any]) -> Iterator[str]:
    dependency, condition = stack.services.get(other), terms["condition"]
    if dependency is None:
        if terms.get("required", True):
            yield f"{name} waits for {other}, which is not there: take it out of depends_on"
    elif condition == "service_healthy" and not _has_healthcheck(dependency):
        yield f"{name} waits until {other} is healthy, but {other} has no healthcheck: give it one"
    elif condition == "service_completed_successfully" and not _runs_once(dependency):
        yield f"{name} waits for the end of {other}, which starts again: set its restart to no"


def confinement(stack: Stack) -> Iterator[str]:
    """Every container is confined and limited."""
    for name, service in stack.services.items():
        limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
        wanted = {
            "read_only: true": service.get("read_only") is True,
            "cap_drop: [ALL]": service.get("cap_drop") == ["ALL"],
            "no-new-privileges": "no-new-privileges:true" in service.get("security_opt", ()),
            "limits of cpus, memory and pids": {"cpus", "memory", "pids"} <= set(limits),
            "a healthcheck": _has_healthcheck(service) or _runs_once(service),
            "a size for every tmpfs": all("size=" in one for one in _tmpfs(service)),
            "a digest in its image": "build" in service or "@sha256:" in _image(service),
            "ulimits of nofile for its connections": _has_descriptors(stack, name),
        }
        for what, there in wanted.items():
            if not there:
                yield f"{name} lacks {what}"


def pace(stack: Stack) -> Iterator[str]:
    """Health checks are frequent only until the first success, and start no interpreter."""
    for name, service in stack.services.items():
        check = service.get("healthcheck") or {}
        if not _has_healthcheck(service):
            continue
        if seconds(check.get("interval", "30s")) < LEAST_INTERVAL:
            yield f"{name} is checked every {check['interval']}: raise the interval to 30s"
        if "start_interval" not in check:
            yield f"{name} is seen as healthy only after its interval: give it a start_interval"
        if any("python" in word for word in check["test"]):
            yield f"{name} starts Python for every check: use {HEALTHCHECK}"


def storage(stack: Stack) -> Iterator[str]:
    """Every service that may store files has a named volume, so that `down` and `up` keep them."""
    for name, service in stack.services.items():
        targets = {_target(mount): _source(mount) for mount in service.get("volumes") or []}
        for target, source in targets.items():
            if not source or source.startswith((".", "/")):
                yield f"{name} mounts {target} without a named volume: name one"
        settings = settings_of(stack.module(name))
        if settings is not None and keeps_files(settings) and DATA not in targets:
            yield f"{name} may store SQLite files in {DATA}: mount a named volume there"


def names(stack: Stack) -> Iterator[str]:
    """Beside the platform, no name means one container on one network and another on the other."""
    for name in sorted(PLATFORM_NAMES & set(stack.services)):
        if not stack.whole:
            yield f"{name} is the name of a container of the platform: rename it"


def ports(stack: Stack) -> Iterator[str]:
    """Settings, health checks, published ports and addresses agree on the port."""
    listening = {name: _listens_on(stack, name) for name in stack.services}
    for name, service in stack.services.items():
        own = listening[name]
        for what, port in (*_probed(service), *_published(service)):
            if own is not None and port != own:
                yield f"{name} listens on {own}, but its {what} says {port}: make them agree"
        yield from _addresses(stack, name, listening)


def patience(stack: Stack) -> Iterator[str]:
    """The stop grace period covers the time that a service may take to stop."""
    for name, service in stack.services.items():
        settings = settings_of(stack.module(name))
        if settings is None:
            continue
        grace = float(settings.model_fields["shutdown_grace"].default) + DRAINING
        given = seconds(service.get("stop_grace_period", "10s"))
        if given < grace:
            yield f"{name} may take {grace:g} s to stop, stop_grace_period is {given:g} s: raise it"


# Seconds; ServiceSettings.drains_for, outside development.
DRAINING = 5.0


def image(stage: Stage) -> Iterator[str]:
    """An image's HEALTHCHECK uses the port of its command."""
    settings = settings_of(module_of(stage.command))
    if not stage.health:
        yield f"Dockerfile: target {stage.name} has no HEALTHCHECK"
    elif settings is not None and int(stage.health[-1]) != _default_port(settings):
        port = _default_port(settings)
        yield f"Dockerfile: target {stage.name} listens on {port}, its HEALTHCHECK asks {stage.health[-1]}"


def base_images(dockerfile: str) -> Iterator[str]:
    """Base images are fixed by digest, and no VOLUME hides that a named one is missing."""
    for line in dockerfile.splitlines():
        if line.startswith("ARG PYTHON_IMAGE=") and "@sha256:" not in line:
            yield f"Dockerfile: {line.removeprefix('ARG ')} has no digest: add it"
        if line.startswith("VOLUME"):
            yield "Dockerfile: VOLUME gives every new container an empty volume: take it out"


def seconds(duration: str) -> float:
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise ValueError(f"{duration} is not a duration that this check reads")
    return float(found["minutes"] or 0) * 60 + float(found["seconds"] or 0)


def _has_healthcheck(service: Service) -> bool:
    check: dict[str, Any] = service.get("healthcheck") or {}
    return bool(check.get("test")) and not check.get("disable") and check["test"] != ["NONE"]


def _has_descriptors(stack: Stack, name: str) -> bool:
    """True if half of the open files are enough for the connections; without a limit it is 1,024."""
    settings = settings_of(stack.module(name))
    if settings is None:
        return True
    files = stack.services[name].get("ulimits", {}).get("nofile", {}).get("soft", 1024)
    return int(files) // 2 >= int(settings.model_fields["max_connections"].default)


def _tmpfs(service: Service) -> list[str]:
    mounts: list[str] | str = service.get("tmpfs") or []
    return [mounts] if isinstance(mounts, str) else mounts


def _image(service: Service) -> str:
    """An image that the operator names is theirs to fix."""
    image: str = service.get("image", "")
    return "@sha256:" if image.startswith("${") else image


def _target(mount: Any) -> str:
    return str(mount["target"] if isinstance(mount, dict) else mount.split(":")[1])


def _source(mount: Any) -> str:
    return str(mount.get("source", "") if isinstance(mount, dict) else mount.split(":")[0])


def _runs_once(service: Service) -> bool:
    return service.get("restart") == "no"


def _listens_on(stack: Stack, name: str) -> int | None:
    settings = settings_of(stack.module(name))
    if settings is not None:
        prefix = settings.model_config.get("env_prefix") or ""
        return int(stack.environment(name).get(f"{prefix}PORT") or _default_port(settings))
    probed = list(_probed(stack.services[name]))
    return probed[0][1] if probed else WELL_KNOWN.get(name)


def _default_port(settings: type[ServiceSettings]) -> int:
    return int(settings.model_fields["port"].default)


def _probed(service: Service) -> Iterator[tuple[str, int]]:
    test = (service.get("healthcheck") or {}).get("test") or []
    if HEALTHCHECK in test:
        yield "healthcheck", int(test[-1])


def _published(service: Service) -> Iterator[tuple[str, int]]:
    for port in service.get("ports") or []:
        inside = port["target"] if isinstance(port, dict) else str(port).rpartition(":")[2]
        yield "published port", int(inside)


def _addresses(stack: Stack, name: str, listening: dict[str, int | None]) -> Iterator[str]:
    for variable, value in stack.environment(name).items():
        for found in _ADDRESS.finditer(value or ""):
            host, port = found["host"], int(found["port"])
            if host in listening and listening[host] != port:
                where = f"{host} listens on {listening[host]}"
                yield f"{name}: {variable} says {host}:{port}, but {where}"
            elif host not in listening and stack.whole:
                yield f"{name}: {variable} names {host}, which is no service here"
