"""Starts every process in order, watches them, and stops them in reverse order."""

import asyncio
import contextlib
import shutil
import signal
import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from watchfiles import PythonFilter, awatch

from devstack.errors import DevstackError
from devstack.supervisor.child import ChildProcess, ProcessKeeper, end_of, start_child
from devstack.supervisor.environment import inherited_environment
from devstack.supervisor.logs import last_line
from devstack.supervisor.stack import ProcessSpec, RunningStack, StackPlan
from devstack.supervisor.state import ProcessId, StackState, requested_restarts

START_SECONDS = 120.0
SEED_SECONDS = 120.0
GRACE_SECONDS = 8.0
RUNS_AGAIN = "runs again"


class StopRequested(Exception):
    """Raised by Ctrl-C, `./dev down` or a closed terminal."""


@dataclass(frozen=True, slots=True)
class Reports:
    """The supervisor's words to the person: a process got ready; something has happened to one."""

    ready: Callable[[str], None]
    happened: Callable[[str], None]
    when_ready: Callable[[], Awaitable[None]]
    """Runs once all are ready."""


class Supervisor:
    """Owns the processes of one devstack from the first start to the last stop.

    Until all are ready, the end of one is a failure. Later it is started again.
    """

    def __init__(
        self, stack: RunningStack, plan: StackPlan, state: StackState, reports: Reports
    ) -> None:
        self._stack = stack
        self._plan = plan
        self._state = state
        self._reports = reports
        self._children: dict[str, ChildProcess] = {}
        self._keepers: dict[str, ProcessKeeper] = {}
        self._ready = {name: asyncio.Event() for name in plan.names()}
        self._stopped = {name: asyncio.Event() for name in plan.names()}
        self._stop = asyncio.Event()

    async def run(self, *, fresh: bool = False, reload: bool = False) -> None:
        """Run until a stop is requested; with `reload`, restart processes whose code changes.

        Raises:
            DevstackError: A process did not get ready.
            OSError: The disk refused.
        """
        with self._signal_handlers():
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._wait_for_stop())
                    group.create_task(self._start_all(group, fresh=fresh))
                    group.create_task(self._reload(self._plan.processes if reload else ()))
            except BaseExceptionGroup as failures:
                if not self._stop.is_set():
                    # The first failure is the cause of the others.
                    raise _first_of(failures) from failures
            finally:
                await self._stop_all()

    async def _start_all(self, group: asyncio.TaskGroup, *, fresh: bool) -> None:
        await self._seed(fresh=fresh)
        for process in self._plan.processes:
            group.create_task(self._run_process(process))
        try:
            async with asyncio.timeout(START_SECONDS):
                for event in self._ready.values():
                    await event.wait()
        except TimeoutError as error:
            late = next(name for name in self._children if not self._ready[name].is_set())
            raise self._failure(late, f"is not ready after {START_SECONDS:.0f} s") from error
        self._state.ready = True
        self._state.save(self._stack.home)
        await self._reports.when_ready()

    async def _seed(self, *, fresh: bool) -> None:
        home = self._stack.home
        if fresh:
            shutil.rmtree(home.data, ignore_errors=True)
        home.data.mkdir(parents=True, exist_ok=True)
        if self._plan.seed is None or self._plan.seed_env is None or home.seeded.exists():
            return
        command = self._plan.seed(self._stack, fresh=fresh)
        child = await self._start("seed", command, self._plan.seed_env(self._stack))
        try:
            async with asyncio.timeout(SEED_SECONDS):
                code = await child.wait()
        except TimeoutError as error:
            raise self._failure("seed", f"is not done after {SEED_SECONDS:.0f} s") from error
        if code != 0:
            raise self._failure("seed", end_of(code))
        # The system may give its pid to another process now: no signal may go there.
        del self._children["seed"], self._state.children["seed"]
        home.seeded.touch()
        self._reports.ready("seed")

    async def _run_process(self, process: ProcessSpec) -> None:
        """Keep a process running once its dependencies are ready."""
        for name in process.depends_on:
            await self._ready[name].wait()

        def on_ready() -> None:
            self._state.ready_children[process.name] = self._state.children[process.name]
            if self._ready[process.name].is_set():
                self._report(process.name, RUNS_AGAIN)
            else:
                self._ready[process.name].set()
                self._reports.ready(process.name)

        async def start() -> ChildProcess:
            return await self._start(
                process.name, process.command(self._stack), process.env(self._stack)
            )

        async def is_ready() -> bool:
            return await process.probe(self._stack.ports[process.name]) is None

        keeper = self._keepers[process.name] = ProcessKeeper(
            start, is_ready, partial(self._report, process.name), grace_seconds=GRACE_SECONDS
        )
        raise self._failure(process.name, end_of(await keeper.run(on_ready)))

    def _report(self, name: str, what: str) -> None:
        """Tell the person, and keep it for `./dev status`."""
        quote = "" if what == RUNS_AGAIN else self._last_words(name)
        self._reports.happened(f"{name} {what}.{quote}")
        self._state.notes[name] = f"{time.strftime('%H:%M:%S')} {what}"
        self._state.save(self._stack.home)

    async def _start(
        self, name: str, command: Sequence[str], env: Mapping[str, str]
    ) -> ChildProcess:
        log = self._stack.home.log(name)
        again = name in self._children
        environment = {**inherited_environment(), **env}
        child = await start_child(name, command, environment, log, again=again)
        self._children[name] = child
        self._state.children[name] = ProcessId.of(child.pid)
        self._state.save(self._stack.home)
        return child

    async def _reload(self, processes: Iterable[ProcessSpec]) -> None:
        async for names in changed_processes(processes):
            self._reports.happened(f"The code has changed of {', '.join(names)}: restarting.")
            self._restart(names)

    def _restart(self, names: Iterable[str]) -> None:
        for name in names:
            if name in self._keepers:
                self._keepers[name].ask_for_restart()

    async def _wait_for_stop(self) -> None:
        await self._stop.wait()
        raise StopRequested

    async def _stop_all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for child in self._children.values():
                group.create_task(self._stop_one(child))

    async def _stop_one(self, child: ChildProcess) -> None:
        for process in self._plan.processes:
            if child.name in process.depends_on and process.name in self._children:
                await self._stopped[process.name].wait()
        await child.stop(GRACE_SECONDS)
        if child.name in self._stopped:
            self._stopped[child.name].set()

    @contextlib.contextmanager
    def _signal_handlers(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        for number in numbers:
            loop.add_signal_handler(number, self._on_signal)
        loop.add_signal_handler(
            signal.SIGUSR1, lambda: self._restart(requested_restarts(self._stack.home))
        )
        try:
            yield
        finally:
            for number in (*numbers, signal.SIGUSR1):
                loop.remove_signal_handler(number)

    def _on_signal(self) -> None:
        """The first signal stops the processes, the second one kills them."""
        if self._stop.is_set():
            for child in self._children.values():
                child.kill()
        self._stop.set()

    def _failure(self, name: str, what: str) -> DevstackError:
        return DevstackError(f"{name} {what}.{self._last_words(name)} More: ./dev logs {name}")

    def _last_words(self, name: str) -> str:
        line = last_line(self._stack.home.log(name))
        return f' Its last line: "{line}".' if line else ""


def _first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first


async def changed_processes(processes: Iterable[ProcessSpec]) -> AsyncIterator[list[str]]:
    """Yield the names of the processes whose Python files changed, after each burst of changes."""
    sources = {process.name: process.sources for process in processes if process.sources}
    folders = {folder for folders in sources.values() for folder in folders}
    if not folders:
        return
    async for changes in awatch(*folders, watch_filter=PythonFilter()):
        changed = [Path(path) for _, path in changes]
        names = [name for name, own in sources.items() if _are_below(changed, own)]
        if names:
            yield names


def _are_below(paths: Iterable[Path], folders: tuple[Path, ...]) -> bool:
    return any(path.is_relative_to(folder) for path in paths for folder in folders)
