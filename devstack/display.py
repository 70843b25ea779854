"""What `./dev` shows: the progress of a start, where everything is, who may log in."""

import contextlib
import time
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from devstack import logins
from devstack.stack import HOST, Plan, Stack


class PlainProgress:
    """A line for each process that is ready: for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began: dict[str, float] = {}

    def began(self, name: str) -> None:
        self._began[name] = time.monotonic()

    def ready(self, name: str) -> None:
        seconds = time.monotonic() - self._began[name]
        self._console.print(f"{name} ready ({seconds:.1f} s)", highlight=False)

    def done(self) -> None:
        pass


class LiveProgress:
    """One line that fills up and is gone when the start is over: for a terminal."""

    def __init__(self, console: Console, total: int) -> None:
        columns = (
            TextColumn("Starting"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
        )
        # Drawn on each event only: a drawing thread would live through every fork.
        self._bar = Progress(*columns, console=console, transient=True, auto_refresh=False)
        self._waiting: dict[str, None] = {}
        self._task = self._bar.add_task("", total=total)
        self._bar.start()

    def began(self, name: str) -> None:
        self._waiting[name] = None
        self._draw(0)

    def ready(self, name: str) -> None:
        del self._waiting[name]
        self._draw(0 if name == "seed" else 1)

    def done(self) -> None:
        self._bar.stop()

    def _draw(self, step: int) -> None:
        waiting = ", ".join(self._waiting)
        self._bar.update(self._task, advance=step, description=waiting, refresh=True)


StartProgress = PlainProgress | LiveProgress


@contextlib.contextmanager
def progress_on(console: Console, total: int) -> Iterator[StartProgress]:
    progress: StartProgress = (
        LiveProgress(console, total) if console.is_terminal else PlainProgress(console)
    )
    try:
        yield progress
    finally:
        progress.done()


def greet(console: Console, stack: Stack, plan: Plan) -> None:
    """Where everything is, once it is ready."""
    table = Table("service", "address", "what", title="Ready", title_justify="left")
    for process in plan.processes:
        table.add_row(process.name, f"{HOST}:{stack.ports[process.name]}", process.about)
    console.print(table)
    if "gateway" in stack.ports:
        console.print(
            "Demo logins (password for all: ", logins.PASSWORD, ")", sep="", highlight=False
        )
        for login in logins.DEMO_LOGINS:
            console.print(f"  {login.email}  {login.role}", highlight=False)
        console.print("\nA first call (paste it into a shell):", highlight=False)
        # Never wrapped by us: a broken line would not work when pasted.
        console.out(logins.first_call(stack.url("gateway")), highlight=False)
    console.file.flush()
