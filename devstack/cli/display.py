"""Terminal output of `./dev`: where everything is, and the status of processes."""

import asyncio
from collections.abc import Mapping

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


async def show_statuses(plan: StackPlan, state: StackState, home: Home) -> bool:
    """Print the table, why something is not ready, and faults; True when all are ready."""
    console, all_ready = Console(), True
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_status(one, state, home)) for one in plan.processes]
    table = Table("process", "state", "pid", "port", "ready", "note", box=SIMPLE)
    remarks: list[str] = []
    for process, task in zip(plan.processes, tasks, strict=True):
        name, (fault, faults) = process.name, task.result()
        child, port = state.children.get(name), state.ports.get(name, process.port + state.offset)
        up, pid = ("up", str(child.pid)) if child and child.alive else ("down", "-")
        ready = "no" if fault else "yes"
        table.add_row(name, up, pid, str(port), ready, state.notes.get(name))
        if fault:
            all_ready, more = False, f"./dev logs {name}, ./dev restart {name}"
            remarks.append(f"{name} is not ready: {fault} ({more})")
        if faults:
            remarks.append(f"Faults in {name}: {', '.join(faults)} (end them: ./dev fault clear)")
    console.print(table)
    for remark in remarks:
        console.out(remark, highlight=False)
    return all_ready


async def _status(
    process: ProcessSpec, state: StackState, home: Home
) -> tuple[str | None, list[str]]:
    """The reason why the process is not ready, if it is not, and the faults that it was given."""
    child = state.children.get(process.name)
    if child is not None and child.alive:
        port = state.ports.get(process.name, process.port + state.offset)
        faults = await asyncio.to_thread(active_faults, port) if process.emulated else []
        return await process.probe(port), faults
    waiting = [name for name in process.depends_on if name not in state.children]
    if child is None:
        return f"it waits for {', '.join(waiting) or 'its start'}", []
    line = last_line(home.log(process.name))
    return "it has ended" + (f'; its last line: "{line}"' if line else ""), []
