"""Server processes pinned to a core, with their CPU time and memory as the kernel counts them."""

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
STARTUP_SECONDS = 30.0
TESTED_CORES = frozenset({0})
"""Reserved for the process under test; everything else runs on the other cores."""
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A process with its workers, and the port it listens on."""

    name: str
    pid: int
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        """User and kernel time of all threads and workers, at the scheduler's resolution."""
        schedstats = [
            _read(task / "schedstat") for pid in _process_tree(self.pid) for task in _tasks(pid)
        ]
        return sum(int((text or "0").split()[0]) for text in schedstats) / 1e9

    def resident(self) -> float:
        """Resident memory in MiB."""
        statms = [_read(Path(f"/proc/{pid}/statm")) for pid in _process_tree(self.pid)]
        return sum(int((text or "0 0").split()[1]) for text in statms) * PAGE_BYTES / 2**20


def other_cores() -> frozenset[int]:
    """Cores for clients and upstream; the tested one when the machine has no other."""
    available = frozenset(os.sched_getaffinity(0))
    return available - TESTED_CORES or available


@contextmanager
def server_process(
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    cores: frozenset[int] = TESTED_CORES,
    folder: Path = ROOT,
) -> Iterator[ServerProcess]:
    """Run a server until the block ends.

    `{port}` in the command and the environment is replaced by its port, which it also gets as PORT.
    The environment of the shell is not passed on.
    """
    port = free_port()
    own = {name: value.format(port=port) for name, value in environment.items()}
    process = subprocess.Popen(
        [part.format(port=port) for part in command],
        cwd=folder,
        env={"PATH": os.environ.get("PATH", ""), **python_path(ROOT), "PORT": str(port), **own},
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),  # noqa: PLW1509 - takes no lock
    )
    try:
        wait_until_listening(process, port)
        yield ServerProcess(name, process.pid, port)
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=10)


def python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def python_path(root: Path) -> dict[str, str]:
    return {"PYTHONPATH": f"{root}{os.pathsep}{root / 'shared'}"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait until the port accepts a connection.

    Raises:
        RuntimeError: The process ended, or did not listen within `STARTUP_SECONDS`.
    """
    end = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{process.args!r} did not start")


def _process_tree(pid: int) -> list[int]:
    """The process and all its descendants."""
    pids, position = [pid], 0
    while position < len(pids):
        for task in _tasks(pids[position]):
            pids.extend(int(child) for child in _read(task / "children").split())
        position += 1
    return pids


def _tasks(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except FileNotFoundError:
        return []


def _read(path: Path) -> str:
    """The text of a /proc file; empty when its process has ended."""
    try:
        return path.read_text("ascii")
    except (FileNotFoundError, ProcessLookupError):
        return ""
