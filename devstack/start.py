"""A start from nothing to ready: own the folder, check the ground, hand over to the supervisor."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from rich.console import Console

from devstack.display import greet, progress_on
from devstack.keys import load_keys
from devstack.ports import require_free_ports
from devstack.problems import DevstackProblem, disk_problem
from devstack.process_marks import start_mark
from devstack.stack import Home, Plan, Stack, port_plan
from devstack.state import Running, State, sole_owner
from devstack.supervisor import Supervisor

ROOM_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Start:
    """What the person asked for."""

    home: Home
    plan: Plan
    port_offset: int = 0
    fresh: bool = False
    ras_essay_endpoint: bool = False
    scenario: bool = False


def run(wanted: Start, console: Console, afterwards: Callable[[], Awaitable[None]]) -> None:
    """Start everything, say where it is, and run until somebody asks for the end.

    Raises:
        DevstackProblem: It could not start, or one of the processes ended.
    """
    try:
        with sole_owner(wanted.home):
            stack = _prepare(wanted)
            _supervise(wanted, stack, console, afterwards)
    except BrokenPipeError:
        # Whoever read our output is gone, as a closed terminal is.
        return
    except OSError as error:
        raise disk_problem(error, wanted.home.path) from error


def _prepare(wanted: Start) -> Stack:
    home = wanted.home
    ports = port_plan(wanted.plan.processes, wanted.port_offset)
    require_free_ports(ports)
    home.logs.mkdir(parents=True, exist_ok=True)
    home.log("devstack").unlink(missing_ok=True)
    _require_room(home)
    keys = load_keys(home.keys)
    return Stack(home, ports, keys, wanted.port_offset, wanted.ras_essay_endpoint, wanted.scenario)


def _require_room(home: Home) -> None:
    free = shutil.disk_usage(home.path).free
    if free < ROOM_BYTES:
        raise DevstackProblem(
            f"The disk of {home.path} is full ({free // 1024**2} MiB left,"
            f" {ROOM_BYTES // 1024**2} are needed): free some space and start again."
        )


def _supervise(
    wanted: Start, stack: Stack, console: Console, afterwards: Callable[[], Awaitable[None]]
) -> None:
    pid = os.getpid()
    me = Running(pid, start_mark(pid) or "")
    state = State(me, wanted.port_offset, dict(stack.ports))
    state.save(wanted.home)
    with progress_on(console, len(wanted.plan.processes)) as progress:

        async def when_ready() -> None:
            progress.done()
            greet(console, stack, wanted.plan)
            await afterwards()

        supervisor = Supervisor(stack, wanted.plan, state, progress, when_ready)
        asyncio.run(supervisor.run(fresh=wanted.fresh))
