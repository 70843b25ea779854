"""The state of a devstack for commands from another terminal: a lock and `state.json`."""

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import msgspec

from devstack.errors import DevstackError, disk_error
from devstack.supervisor.stack import Home

STOP_SECONDS = 60.0
LOCK_ATTEMPTS = 10
_POLL_SECONDS = 0.03


def start_time(pid: int) -> str | None:
    """The start time of a process as the system writes it; None for one that has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        if Path("/proc/self").exists():
            return None
        command = ["/bin/ps", "-o", "lstart=", "-p", str(pid)]
        found = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
        return found.stdout.strip() or None
    # Fields 3 and 22 of proc(5)'s stat, counted after the name in brackets. A zombie has ended.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A pid and its start time: the system may give the pid alone to another process."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> "ProcessId":
        return cls(pid, start_time(pid) or "ended")

    @property
    def alive(self) -> bool:
        return start_time(self.pid) == self.started


@dataclass(slots=True)
class StackState:
    supervisor: ProcessId
    offset: int
    ports: dict[str, int]
    children: dict[str, ProcessId] = field(default_factory=dict)
    ready_children: dict[str, ProcessId] = field(default_factory=dict)
    """The latest child of each process that has got ready."""
    ready: bool = False
    has_screens: bool = False
    notes: dict[str, str] = field(default_factory=dict)
    """The latest crash of each process that has had one."""

    def save(self, home: Home) -> None:
        draft = home.state.with_suffix(".new")
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(self)))
        draft.replace(home.state)


def read_state(home: Home) -> StackState | None:
    """The last state of a running or ended devstack; None when there is no readable one."""
    try:
        return msgspec.json.decode(home.state.read_bytes(), type=StackState)
    except (OSError, ValueError):
        return None


def ready_state(home: Home) -> StackState:
    """The state of a devstack that is ready.

    Raises:
        DevstackError: There is none.
    """
    if not is_running(home):
        raise DevstackError("The devstack is not running: start it with ./dev up.")
    state = read_state(home)
    if state is None or not state.ready:
        raise DevstackError("The devstack is still starting: see ./dev status.")
    return state


def request_restart(home: Home, state: StackState, names: Sequence[str]) -> None:
    """Ask the supervisor to restart processes; others may ask at the same moment.

    Raises:
        DevstackError: The request cannot be written, or the supervisor is out of reach.
    """
    request = home.restart_request(uuid4().hex)
    draft = request.with_suffix(".new")
    try:
        draft.write_text("\n".join(names), encoding="utf-8")
        draft.replace(request)
        os.kill(state.supervisor.pid, signal.SIGUSR1)
    except OSError as error:
        # A full disk takes the name, and not the content.
        draft.unlink(missing_ok=True)
        raise disk_error(error, request) from error


def requested_restarts(home: Home) -> list[str]:
    """Take the names of all requests."""
    names: list[str] = []
    for request in home.restart_requests():
        with contextlib.suppress(OSError):
            names += request.read_text(encoding="utf-8").split()
            request.unlink()
    return names


@contextlib.contextmanager
def sole_owner(home: Home) -> Iterator[None]:
    """Hold the folder's lock, which the kernel releases also after `kill -9`.

    Raises:
        DevstackError: A devstack of this folder is running, or the folder cannot be used.
    """
    with _opened(home) as handle:
        # A command that checks whether a devstack runs holds the lock for a moment, too.
        attempts = 0
        while not _lock(handle):
            attempts += 1
            if attempts == LOCK_ATTEMPTS:
                state = read_state(home)
                who = f" (pid {state.supervisor.pid}, port offset {state.offset})" if state else ""
                advice = "see ./dev status, or stop it with ./dev down"
                raise DevstackError(
                    f"A devstack of this checkout is already running{who}: {advice}."
                )
            time.sleep(_POLL_SECONDS)
        _remove_leftovers(home)
        try:
            yield
        finally:
            home.state.unlink(missing_ok=True)


def is_running(home: Home) -> bool:
    """True while a supervisor holds the folder; removes the leftovers of a killed one."""
    if not home.path.is_dir():
        return False
    with _opened(home) as handle:
        if not _lock(handle):
            return True
        _remove_leftovers(home)
        return False


def stop_running(home: Home) -> bool:
    """Stop the devstack of another terminal or of the background; False when there is none.

    Raises:
        DevstackError: It does not stop, or its process is out of reach.
    """
    if not is_running(home):
        return False
    state = read_state(home)
    if state is None or not state.supervisor.alive:
        raise DevstackError(
            f"{home.path} is in use by a process that cannot be seen from here"
            " (another container?): stop it where it was started."
        )
    pid = state.supervisor.pid
    try:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    except PermissionError as error:
        raise DevstackError(f"Process {pid} belongs to another user: stop it as they.") from error
    deadline = time.monotonic() + STOP_SECONDS
    while is_running(home):
        if time.monotonic() > deadline:
            raise DevstackError(f"It still runs after {STOP_SECONDS:.0f} s: kill -9 {pid}")
        time.sleep(_POLL_SECONDS)
    return True


@contextlib.contextmanager
def _opened(home: Home) -> Iterator[int]:
    """The folder itself as a file descriptor, so that no lock file is left behind."""
    try:
        home.path.mkdir(parents=True, exist_ok=True)
        handle = os.open(home.path, os.O_RDONLY)
    except OSError as error:
        raise disk_error(error, home.path) from error
    try:
        yield handle
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove_leftovers(home: Home) -> None:
    """Kill the children of a killed supervisor; delete its state and requests to it."""
    state = read_state(home)
    for child in state.children.values() if state else ():
        if child.alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
    try:
        for left in (home.state, *home.restart_requests()):
            left.unlink(missing_ok=True)
    except OSError as error:
        raise disk_error(error, home.state) from error
