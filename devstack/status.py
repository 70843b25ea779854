"""How every process of a running devstack is doing."""

import asyncio
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from devstack.fault_orders import standing_faults
from devstack.stack import Plan, Process
from devstack.state import State


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    name: str
    port: int
    pid: int | None
    up: bool
    ready: bool
    faults: tuple[str, ...] = ()


async def ask_all(plan: Plan, state: State) -> list[ProcessStatus]:
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(_ask(process, state)) for process in plan.processes]
    return [task.result() for task in asked]


def show(console: Console, statuses: list[ProcessStatus]) -> bool:
    """Print the table and the faults that somebody ordered; whether all are ready."""
    table = Table("process", "state", "pid", "port", "ready")
    for status in statuses:
        pid = "-" if status.pid is None else str(status.pid)
        words = ("up" if status.up else "down", pid, str(status.port))
        table.add_row(status.name, *words, "yes" if status.ready else "no")
    console.print(table)
    for status in statuses:
        if status.faults:
            said = (
                f"Faults in {status.name}: {', '.join(status.faults)} (end them: ./dev fault clear)"
            )
            console.out(said, highlight=False)
    return all(status.up and status.ready for status in statuses)


async def _ask(process: Process, state: State) -> ProcessStatus:
    child = state.children.get(process.name)
    port = state.ports.get(process.name, process.port + state.offset)
    up = child is not None and child.alive
    ready = up and await process.probe(port)
    asks = up and process.emulated
    faults = await asyncio.to_thread(standing_faults, state, process.name) if asks else []
    pid = child.pid if child else None
    return ProcessStatus(process.name, port, pid, up, ready, tuple(faults))
