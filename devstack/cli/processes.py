"""`./dev restart`, and the names of processes as a person writes them."""

import asyncio
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


async def restart_processes(home: Home, names: Sequence[str]) -> None:
    """Restart processes and wait until the supervisor has found them ready.

    Raises:
        DevstackError: The devstack does not run, or one of them does not get ready.
    """
    state = ready_state(home)
    before = state.ready_children
    request_restart(home, state, names)
    for name in names:
        try:
            async with asyncio.timeout(RESTART_SECONDS):
                while state.ready_children[name] == before[name]:
                    await asyncio.sleep(_POLL_SECONDS)
                    state = read_state(home) or ready_state(home)
        except TimeoutError as error:
            late = f"{name} is not ready after {RESTART_SECONDS:.0f} s"
            raise DevstackError(f"{late}. More: ./dev logs {name}") from error
