"""The parts of a devstack: processes, their ports and the folder that holds their files."""

import errno
import socket
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol, Self

from devstack.errors import DevstackError
from devstack.supervisor.keys import StackKeys

HOST = "127.0.0.1"
MAX_PORT = 65_535
RAS_CACHE_SECONDS = 5
SHIPPED_RAS_CACHE_SECONDS = 300

Probe = Callable[[int], Awaitable[str | None]]
"""Returns why a process on a port is not ready; None when it is."""


class Home:
    """The folder of one devstack: its state, keys and logs, and its data in `data/`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state = path / "state.json"
        self.keys = path / "keys.json"
        self.logs = path / "logs"
        self.data = path / "data"
        self.seeded = self.data / ".seeded"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def restart_request(self, name: str) -> Path:
        """Names of processes to restart, for the supervisor: a file for each request."""
        return self.path / f"{name}.restart"

    def restart_requests(self) -> list[Path]:
        return sorted(self.path.glob("*.restart"))


@dataclass(frozen=True, slots=True)
class PlatformOptions:
    """The emulated platform's settings.

    RAS caches a status for `ras_cache_seconds`: the platform does for five minutes, the devstack
    for less, so that a change shows. Entitlements mounts its admin routes outside production only.
    """

    cms_class_info: Literal["shipped", "fixed"] = "shipped"
    ras_essay_endpoint: bool = False
    ras_cache_seconds: int = RAS_CACHE_SECONDS
    scenario: bool = False
    entitlements_admin: Literal["mounted", "absent"] = "mounted"
    cms_validation_status: bool = False

    @classmethod
    def shipped(cls, *, scenario: bool) -> Self:
        """With the platform's own settings only."""
        return cls(
            ras_cache_seconds=SHIPPED_RAS_CACHE_SECONDS,
            scenario=scenario,
            entitlements_admin="absent",
        )


@dataclass(frozen=True, slots=True)
class RunningStack:
    """One running devstack: its folder, ports, keys and options."""

    home: Home
    ports: Mapping[str, int]
    keys: StackKeys
    offset: int = 0
    platform: PlatformOptions = field(default_factory=PlatformOptions)
    screens: Path | None = None
    """Folder of the built screens, which the gateway serves."""

    def url(self, name: str) -> str:
        return f"http://{HOST}:{self.ports[name]}"

    @property
    def redis_url(self) -> str:
        return f"redis://{HOST}:{self.ports['redis']}/0"

    @property
    def bootstrap_servers(self) -> str:
        """The broker's address; empty without one."""
        return f"{HOST}:{self.ports['kafka']}" if "kafka" in self.ports else ""


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One line of the process table.

    `port` is the one without offset; `probe` checks readiness on a given port. An `emulated`
    service takes faults; its code is in `sources`, whose change restarts it with `--reload`.
    """

    name: str
    command: Callable[[RunningStack], Sequence[str]]
    port: int
    probe: Probe
    env: Callable[[RunningStack], Mapping[str, str]] = lambda _stack: {}
    depends_on: tuple[str, ...] = ()
    about: str = ""
    emulated: bool = False
    sources: tuple[Path, ...] = ()


class SeedCommand(Protocol):
    def __call__(self, stack: RunningStack, /, *, fresh: bool) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class StackPlan:
    """The processes that `./dev up` starts; `seed` runs before the first one, when data is new."""

    processes: tuple[ProcessSpec, ...]
    seed: SeedCommand | None = None
    seed_env: Callable[[RunningStack], Mapping[str, str]] | None = None

    def names(self) -> list[str]:
        return [process.name for process in self.processes]

    def without(self, name: str) -> Self:
        """The plan without a process on which no other one depends."""
        return replace(self, processes=tuple(one for one in self.processes if one.name != name))

    def limited_to(self, names: Container[str]) -> Self:
        """The processes of a running devstack, which may have been started without some."""
        return replace(self, processes=tuple(one for one in self.processes if one.name in names))

    def emulated_names(self) -> list[str]:
        return [process.name for process in self.processes if process.emulated]

    def ports(self, offset: int) -> dict[str, int]:
        """Every process's port by name.

        Raises:
            DevstackError: The offset moves a port out of the usable range.
        """
        ports = {process.name: process.port + offset for process in self.processes}
        for name, port in ports.items():
            if not 0 < port <= MAX_PORT:
                moved = f"--port-offset {offset} puts {name} on port {port}"
                raise DevstackError(f"{moved}: ports go from 1 to {MAX_PORT}.")
        return ports


def require_free_ports(ports: Mapping[str, int]) -> None:
    """Check every port before anything starts.

    Raises:
        DevstackError: Ports are in use, or may not be used by this person.
    """
    taken = [f"{port} ({name})" for name, port in ports.items() if not is_free(port)]
    if taken:
        subject = f"Port {taken[0]} is" if len(taken) == 1 else f"Ports {', '.join(taken)} are"
        advice = "stop what listens there, or move the devstack with --port-offset 100"
        raise DevstackError(f"{subject} taken: {advice}.")


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as candidate:
        # A port whose last connections are in TIME_WAIT counts as free.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise DevstackError(f"Port {port} needs root: choose a --port-offset.") from error
            return False
    return True
