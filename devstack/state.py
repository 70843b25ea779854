"""What is running, for the commands that come from another terminal: a lock and `state.json`."""

import contextlib
import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from devstack.problems import DevstackProblem, disk_problem
from devstack.process_marks import start_mark
from devstack.stack import Home

LOCK_ATTEMPTS = 10
_LOCK_POLL_SECONDS = 0.03


@dataclass(frozen=True, slots=True)
class Running:
    """A process by id and start mark."""

    pid: int
    mark: str

    @property
    def alive(self) -> bool:
        return start_mark(self.pid) == self.mark


@dataclass(slots=True)
class State:
    supervisor: Running
    offset: int
    ports: dict[str, int]
    children: dict[str, Running] = field(default_factory=dict)
    ready: bool = False

    def save(self, home: Home) -> None:
        draft = home.state.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        draft.replace(home.state)


def read_state(home: Home) -> State | None:
    """The last state written, of a living or a dead devstack; None when there is none to read."""
    try:
        raw = json.loads(home.state.read_bytes())
        children = {name: Running(**child) for name, child in raw.pop("children").items()}
        return State(Running(**raw.pop("supervisor")), children=children, **raw)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


@contextlib.contextmanager
def sole_owner(home: Home) -> Iterator[None]:
    """Hold this folder until the block ends, also by `kill -9`: the lock is the kernel's.

    The folder itself is locked, so that no lock file is left behind.

    Raises:
        DevstackProblem: A devstack of this folder is running, or the folder cannot be used.
    """
    handle = _open(home)
    try:
        if not _locked_soon(handle):
            raise already_running(read_state(home))
        _clear_leftovers(home)
        try:
            yield
        finally:
            home.state.unlink(missing_ok=True)
    finally:
        os.close(handle)


def is_running(home: Home) -> bool:
    """Whether a supervisor owns the folder; what a killed one left is cleaned on the way."""
    if not home.path.is_dir():
        return False
    handle = _open(home)
    try:
        if not _locked(handle):
            return True
        _clear_leftovers(home)
        return False
    finally:
        os.close(handle)


def already_running(state: State | None) -> DevstackProblem:
    who = "" if state is None else f" (pid {state.supervisor.pid}, port offset {state.offset})"
    return DevstackProblem(
        f"A devstack of this checkout is already running{who}: see ./dev status, or stop it with ./dev down."
    )


def _open(home: Home) -> int:
    try:
        home.path.mkdir(parents=True, exist_ok=True)
        return os.open(home.path, os.O_RDONLY)
    except OSError as error:
        raise disk_problem(error, home.path) from error


def _locked_soon(handle: int) -> bool:
    """Somebody who only asks whether a devstack runs holds the lock for a moment, too."""
    for _ in range(LOCK_ATTEMPTS):
        if _locked(handle):
            return True
        time.sleep(_LOCK_POLL_SECONDS)
    return False


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _clear_leftovers(home: Home) -> None:
    state = read_state(home)
    for child in state.children.values() if state else ():
        if child.alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
    try:
        home.state.unlink(missing_ok=True)
    except OSError as error:
        raise disk_problem(error, home.state) from error
