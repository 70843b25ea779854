"""Terminal output of `./dev`: where everything is, and the status of processes."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from devstack.cli.logins import DEMO_LOGINS, first_call
from devstack.faults.client import active_faults
from devstack.seed.people import PASSWORD
from devstack.supervisor.logs import last_line
from devstack.supervisor.stack import HOST, Home, ProcessSpec, StackPlan
from devstack.supervisor.state import StackState


def show_ready(ports: Mapping[str, int], plan: StackPlan, *, has_screens: bool) -> None:
    """Print the address of the screens, all others, demo logins and a first call."""
    console = Console()
    if has_screens:
        console.out(f"\nOpen http://{HOST}:{ports['gateway']}/", highlight=False)
    table = Table("service", "address", "what", box=SIMPLE)
    for process in plan.processes:
        table.add_row(process.name, f"{HOST}:{ports[process.name]}", process.about)
    console.print(table)
    if "gateway" in ports:
        console.print(f"Demo logins (password for all: {PASSWORD})", highlight=False)
        for login in DEMO_LOGINS:
            role = "admin" if "admin" in login.roles else "teacher"
            console.print(f"  {login.email}  {role}", highlight=False)
        console.print("\nA first call (paste it into a shell):", highlight=False)
        # Not wrapped: a broken line would not work when pasted.
        console.out(first_call(f"http://{HOST}:{ports['gateway']}"), highlight=False)
    console.out("\nThis again: ./dev info. One log: ./dev logs NAME.", highlight=False)
    console.file.flush()


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """`fault` says why a process is not ready, `note` its latest crash or restart."""

    name: str
    port: int
    pid: int | None
    up: bool
    fault: str | None = None
    note: str | None = None
    faults: tuple[str, ...] = ()


async def fetch_statuses(plan: StackPlan, state: StackState, home: Home) -> list[ProcessStatus]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_fetch_status(one, state, home)) for one in plan.processes]
    return [task.result() for task in tasks]


async def _fetch_status(process: ProcessSpec, state: StackState, home: Home) -> ProcessStatus:
    child = state.children.get(process.name)
    port = state.ports.get(process.name, process.port + state.offset)
    up = child is not None and child.alive
    faults: list[str] = []
    if up:
        fault = await process.probe(port)
        if process.emulated:
            faults = await asyncio.to_thread(active_faults, port)
    else:
        line = last_line(home.log(process.name))
        waiting = [name for name in process.depends_on if name not in state.children]
        fault = "it has ended" if child else f"it waits for {', '.join(waiting) or 'its start'}"
        fault += f'; its last line: "{line}"' if child and line else ""
    note, pid = state.notes.get(process.name), child.pid if child else None
    return ProcessStatus(process.name, port, pid, up, fault, note, tuple(faults))


def show_statuses(statuses: list[ProcessStatus]) -> bool:
    """Print the table, why something is not ready, and faults; True when all are ready."""
    console = Console()
    table = Table("process", "state", "pid", "port", "ready", "note", box=SIMPLE)
    for one in statuses:
        pid = "-" if one.pid is None else str(one.pid)
        state, ready = ("up" if one.up else "down"), ("no" if one.fault else "yes")
        table.add_row(one.name, state, pid, str(one.port), ready, one.note)
    console.print(table)
    for one in statuses:
        if one.fault:
            more = f"./dev logs {one.name}, ./dev restart {one.name}"
            console.out(f"{one.name} is not ready: {one.fault} ({more})", highlight=False)
        if one.faults:
            faults = f"Faults in {one.name}: {', '.join(one.faults)}"
            console.out(f"{faults} (end them: ./dev fault clear)", highlight=False)
    return all(one.fault is None for one in statuses)
