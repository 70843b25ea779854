"""Processes under test: started on a core of their own, and what they spend as the kernel counts it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
READY_WITHIN = 30.0
TESTED_CORES = frozenset({0})
"""Of a machine with two cores one is for the process under test, and one for all the rest."""
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Running:
    """A process, its workers included, and where it listens."""

    name: str
    pid: int
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        """Of all its threads, in user and in kernel mode; the scheduler counts in nanoseconds."""
        return sum(_spent(pid) for pid in _family(self.pid))

    def resident(self) -> float:
        """MiB."""
        return sum(_pages(pid) for pid in _family(self.pid)) * PAGE / 2**20


def other_cores() -> frozenset[int]:
    """For callers and upstream; the same as the tested one when the machine has no other."""
    everything = frozenset(os.sched_getaffinity(0))
    return everything - TESTED_CORES or everything


@contextmanager
def running(
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    cores: frozenset[int] = TESTED_CORES,
    folder: Path = ROOT,
    log: Path | None = None,
) -> Iterator[Running]:
    """A process whose command may name `{port}`; it also finds it as PORT in its environment."""
    port = free_port()
    with open(log or os.devnull, "wb") as output:  # noqa: PTH123 - devnull is no Path
        process = subprocess.Popen(
            [part.format(port=port) for part in command],
            cwd=folder,
            env=_environment(port, environment),
            stdout=output,
            stderr=subprocess.STDOUT if log else None,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),  # noqa: PLW1509 - takes no lock
        )
    try:
        _wait(process, port)
        yield Running(name, process.pid, port)
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=10)


def python(module: str, *more: str) -> list[str]:
    return [sys.executable, "-m", module, *more]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port: int = held.getsockname()[1]
        return port


def _environment(port: int, more: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the shell's own settings gets in."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'shared'}",
        "PORT": str(port),
        **{name: value.format(port=port) for name, value in more.items()},
    }


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + READY_WITHIN
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{process.args!r} did not start")


def _family(pid: int) -> list[int]:
    """The process and all that descend from it."""
    found, at = [pid], 0
    while at < len(found):
        for task in _tasks(found[at]):
            found.extend(int(child) for child in _read(task / "children").split())
        at += 1
    return found


def _spent(pid: int) -> float:
    return sum(int((_read(task / "schedstat") or "0").split()[0]) for task in _tasks(pid)) / 1e9


def _pages(pid: int) -> int:
    return int((_read(Path(f"/proc/{pid}/statm")) or "0 0").split()[1])


def _tasks(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except FileNotFoundError:
        return []


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (FileNotFoundError, ProcessLookupError):
        return ""
