"""Terminal output of `./dev`: where everything is, the status of processes, and logs."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from devstack.cli.logins import DEMO_LOGINS, first_call
from devstack.errors import DevstackError
from devstack.faults.client import active_faults
from devstack.seed.people import ADMIN, PASSWORD
from devstack.supervisor.logs import LogReader, last_lines
from devstack.supervisor.stack import HOST, ProcessSpec, RunningStack, StackPlan
from devstack.supervisor.state import StackState

LAST_LINES = 200
POLL_SECONDS = 0.2
_COLOURS = ("cyan", "green", "yellow", "magenta", "blue", "bright_cyan", "bright_green")


def show_ready(console: Console, stack: RunningStack, plan: StackPlan) -> None:
    """Print addresses, demo logins and a first call."""
    table = Table("service", "address", "what", title="Ready", title_justify="left")
    for process in plan.processes:
        table.add_row(process.name, f"{HOST}:{stack.ports[process.name]}", process.about)
    console.print(table)
    if "gateway" in stack.ports:
        console.print(f"Demo logins (password for all: {PASSWORD})", highlight=False)
        for login in DEMO_LOGINS:
            role = "admin" if login is ADMIN else "teacher"
            console.print(f"  {login.email}  {role}", highlight=False)
        console.print("\nA first call (paste it into a shell):", highlight=False)
        # Not wrapped: a broken line would not work when pasted.
        console.out(first_call(stack.url("gateway")), highlight=False)
    console.file.flush()


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    name: str
    port: int
    pid: int | None
    up: bool
    ready: bool
    faults: tuple[str, ...] = ()


async def fetch_statuses(plan: StackPlan, state: StackState) -> list[ProcessStatus]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_fetch_status(one, state)) for one in plan.processes]
    return [task.result() for task in tasks]


async def _fetch_status(process: ProcessSpec, state: StackState) -> ProcessStatus:
    child = state.children.get(process.name)
    port = state.ports.get(process.name, process.port + state.offset)
    up = child is not None and child.alive
    ready = up and await process.probe(port)
    faults: list[str] = []
    if up and process.emulated:
        faults = await asyncio.to_thread(active_faults, port)
    pid = child.pid if child else None
    return ProcessStatus(process.name, port, pid, up, ready, tuple(faults))


def show_statuses(console: Console, statuses: list[ProcessStatus]) -> bool:
    """Print the table and the active faults; True when all processes are ready."""
    table = Table("process", "state", "pid", "port", "ready")
    for one in statuses:
        pid = "-" if one.pid is None else str(one.pid)
        state, ready = ("up" if one.up else "down"), ("yes" if one.ready else "no")
        table.add_row(one.name, state, pid, str(one.port), ready)
    console.print(table)
    for one in statuses:
        if one.faults:
            faults = f"Faults in {one.name}: {', '.join(one.faults)}"
            console.out(f"{faults} (end them: ./dev fault clear)", highlight=False)
    return all(one.up and one.ready for one in statuses)


def show_log(log: Path) -> None:
    """Print the end of a log.

    Raises:
        DevstackError: There is no such log yet.
    """
    try:
        lines = last_lines(log, LAST_LINES)
    except FileNotFoundError as error:
        raise DevstackError(f"{log.stem} has logged nothing yet.") from error
    for line in lines:
        typer.echo(printable(line))


async def follow_logs(logs: Mapping[str, Path], *, prefixed: bool) -> None:
    """Print new lines until cancelled."""
    reader = LogReader(logs, from_end=True)
    width = max(len(name) for name in logs)
    colours = dict(zip(logs, cycle(_COLOURS), strict=False))
    while True:
        for name, line in reader.new_lines():
            prefix = typer.style(f"{name:<{width}} | ", fg=colours[name]) if prefixed else ""
            typer.echo(prefix + printable(line))
        await asyncio.sleep(POLL_SECONDS)


def printable(line: str) -> str:
    """The line without control characters: a log may quote text that a client sent."""
    return "".join(sign if sign.isprintable() or sign == "\t" else "?" for sign in line)
