"""What a devstack is made of: processes, their ports and the folder they live in."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from devstack.keys import Keys
from devstack.problems import DevstackProblem

HOST = "127.0.0.1"
LAST_PORT = 65_535

Probe = Callable[[int], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one devstack: `state.json`, `keys.json`, `logs/` and, for the seeded data, `data/`."""

    path: Path

    @property
    def state(self) -> Path:
        return self.path / "state.json"

    @property
    def keys(self) -> Path:
        return self.path / "keys.json"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def seeded(self) -> Path:
        return self.data / ".seeded"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"


@dataclass(frozen=True, slots=True)
class Stack:
    """One running instance: where it lives, on which ports, with which keys."""

    home: Home
    ports: Mapping[str, int]
    keys: Keys
    offset: int = 0
    ras_essay_endpoint: bool = False
    scenario: bool = False

    def url(self, name: str) -> str:
        return f"http://{HOST}:{self.ports[name]}"

    @property
    def redis_url(self) -> str:
        return f"redis://{HOST}:{self.ports['redis']}/0"


@dataclass(frozen=True, slots=True)
class Process:
    """One line of the process table.

    `port` is the unshifted one; `probe` says whether the process on a given port is ready to serve.
    One that is `emulated` takes faults.
    """

    name: str
    command: Callable[[Stack], Sequence[str]]
    port: int
    probe: Probe
    env: Callable[[Stack], Mapping[str, str]]
    depends_on: tuple[str, ...] = ()
    about: str = ""
    emulated: bool = False


class SeedCommand(Protocol):
    def __call__(self, stack: Stack, /, *, fresh: bool) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """All that `./dev up` starts; `seed` runs to its end before the first process, when data is new."""

    processes: tuple[Process, ...]
    seed: SeedCommand | None = None
    seed_env: Callable[[Stack], Mapping[str, str]] | None = None

    def names(self) -> list[str]:
        return [process.name for process in self.processes]


def port_plan(processes: Sequence[Process], offset: int) -> dict[str, int]:
    """Every process's port by name.

    Raises:
        DevstackProblem: The offset moves a port out of the usable range.
    """
    ports = {process.name: process.port + offset for process in processes}
    for name, port in ports.items():
        if not 0 < port <= LAST_PORT:
            raise DevstackProblem(
                f"--port-offset {offset} puts {name} on port {port}: ports go from 1 to {LAST_PORT}."
            )
    return ports
