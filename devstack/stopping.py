"""Stop a devstack that runs in another terminal or in the background."""

import contextlib
import os
import signal
import time

from devstack.problems import DevstackProblem
from devstack.stack import Home
from devstack.state import is_running, read_state

STOP_SECONDS = 60.0
_POLL_SECONDS = 0.05


def stop_running(home: Home) -> bool:
    """Ask the supervisor to stop and wait for it; False when there was none.

    Raises:
        DevstackProblem: It runs on, or out of reach.
    """
    if not is_running(home):
        return False
    state = read_state(home)
    if state is None or not state.supervisor.alive:
        raise DevstackProblem(
            f"{home.path} is in use, but not by a process that can be seen from here"
            " (another container?): stop it where it was started."
        )
    with contextlib.suppress(ProcessLookupError):
        _ask(state.supervisor.pid)
    _wait_until_stopped(home, state.supervisor.pid)
    return True


def _ask(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
    except PermissionError as error:
        raise DevstackProblem(f"Process {pid} belongs to another user: stop it as they.") from error


def _wait_until_stopped(home: Home, pid: int) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while is_running(home):
        if time.monotonic() > deadline:
            raise DevstackProblem(f"It still runs after {STOP_SECONDS:.0f} s: kill -9 {pid}")
        time.sleep(_POLL_SECONDS)
