"""`./dev restart`, and the names of processes as a person writes them."""

import time
from collections.abc import Iterable, Sequence

from devstack.errors import DevstackError, did_you_mean
from devstack.supervisor.stack import Home
from devstack.supervisor.state import read_state, ready_state, request_restart

RESTART_SECONDS = 60.0
_POLL_SECONDS = 0.05


def require_known(kind: str, names: Iterable[str], known: Sequence[str]) -> None:
    """Check names.

    Raises:
        DevstackError: One of them is unknown; lists the known ones, the nearest one first.
    """
    for name in names:
        if name not in known:
            near = did_you_mean(name, known)
            raise DevstackError(
                f"No {kind} is called {name!r}: there are {', '.join(known)}.{near}"
            )


def restart_processes(home: Home, names: Sequence[str]) -> None:
    """Restart processes and wait until the supervisor has found them ready.

    Raises:
        DevstackError: The devstack does not run, or one of them does not get ready.
    """
    state = ready_state(home)
    before = state.ready_children
    request_restart(home, state, names)
    deadline = time.monotonic() + RESTART_SECONDS
    while late := [name for name in names if state.ready_children[name] == before[name]]:
        if time.monotonic() > deadline:
            raise DevstackError(
                f"{late[0]} is not ready after {RESTART_SECONDS:.0f} s. More: ./dev logs {late[0]}"
            )
        time.sleep(_POLL_SECONDS)
        state = read_state(home) or ready_state(home)
