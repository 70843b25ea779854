"""Starts every process in order, watches over all of them, and stops them in reverse."""

import asyncio
import contextlib
import shutil
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from devstack import log_files
from devstack.child import Child, start_child
from devstack.environment import inherited
from devstack.problems import DevstackProblem
from devstack.stack import Plan, Process, Stack
from devstack.state import State

START_SECONDS = 60.0
SEED_SECONDS = 120.0
GRACE_SECONDS = 8.0
POLL_SECONDS = 0.05
TRIM_EVERY_SECONDS = 10.0


class Progress(Protocol):
    """Hears how the start goes on."""

    def began(self, name: str) -> None: ...

    def ready(self, name: str) -> None: ...


class StopRequested(Exception):
    """Somebody asked for the end: Ctrl-C, `./dev down`, a closed terminal."""


class Supervisor:
    """Owns the processes of one devstack from the first start to the last stop.

    `when_ready` runs once all are ready, and may go on for as long as the devstack does.
    """

    def __init__(
        self,
        stack: Stack,
        plan: Plan,
        state: State,
        progress: Progress,
        when_ready: Callable[[], Awaitable[None]],
    ) -> None:
        self._stack = stack
        self._plan = plan
        self._state = state
        self._progress = progress
        self._when_ready = when_ready
        self._children: dict[str, Child] = {}
        self._ready = {name: asyncio.Event() for name in plan.names()}
        self._stopped = {name: asyncio.Event() for name in plan.names()}
        self._stop = asyncio.Event()

    async def run(self, *, fresh: bool = False) -> None:
        """Run until somebody asks for the end.

        Raises:
            DevstackProblem: A process ended or did not get ready, or the disk refused.
            OSError: The disk refused.
        """
        with self._signals():
            try:
                await self._run_all(fresh=fresh)
            finally:
                await self._stop_all()

    async def _run_all(self, *, fresh: bool) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._until_asked_to_stop())
                group.create_task(self._bring_up(group, fresh=fresh))
        except BaseExceptionGroup as failures:
            if not self._stop.is_set():
                # The first to fail tells it; the others fell with it.
                raise _first_of(failures) from failures

    async def _bring_up(self, group: asyncio.TaskGroup, *, fresh: bool) -> None:
        await self._seed(fresh=fresh)
        for process in self._plan.processes:
            group.create_task(self._keep(process))
        await self._all_ready()
        self._state.ready = True
        self._state.save(self._stack.home)
        group.create_task(self._trim_logs())
        await self._when_ready()

    async def _seed(self, *, fresh: bool) -> None:
        home = self._stack.home
        if fresh:
            shutil.rmtree(home.data, ignore_errors=True)
        home.data.mkdir(parents=True, exist_ok=True)
        if self._plan.seed is None or self._plan.seed_env is None or home.seeded.exists():
            return
        self._progress.began("seed")
        command = self._plan.seed(self._stack, fresh=fresh)
        child = await self._start("seed", command, self._plan.seed_env(self._stack))
        try:
            async with asyncio.timeout(SEED_SECONDS):
                code = await child.wait()
        except TimeoutError as error:
            raise self._problem("seed", f"is not done after {SEED_SECONDS:.0f} s") from error
        if code != 0:
            raise self._died("seed", code)
        # Its id is free for others from now on: nothing may be sent there at the end.
        del self._children["seed"], self._state.children["seed"]
        home.seeded.touch()
        self._progress.ready("seed")

    async def _keep(self, process: Process) -> None:
        for name in process.depends_on:
            await self._ready[name].wait()
        self._progress.began(process.name)
        command, env = process.command(self._stack), process.env(self._stack)
        child = await self._start(process.name, command, env)
        await self._until_ready(process, child)
        self._ready[process.name].set()
        self._progress.ready(process.name)
        raise self._died(process.name, await child.wait())

    async def _start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Child:
        log = self._log(name)
        child = await start_child(name, command, {**inherited(), **env}, log)
        self._children[name] = child
        self._state.children[name] = child.identity
        self._state.save(self._stack.home)
        return child

    async def _until_ready(self, process: Process, child: Child) -> None:
        port = self._stack.ports[process.name]
        while not await process.probe(port):
            if child.exit_code is not None:
                raise self._died(process.name, child.exit_code)
            await asyncio.sleep(POLL_SECONDS)

    async def _all_ready(self) -> None:
        try:
            async with asyncio.timeout(START_SECONDS):
                for ready in self._ready.values():
                    await ready.wait()
        except TimeoutError as error:
            late = next(name for name in self._children if not self._is_ready(name))
            raise self._problem(late, f"is not ready after {START_SECONDS:.0f} s") from error

    def _is_ready(self, name: str) -> bool:
        return name not in self._ready or self._ready[name].is_set()

    async def _until_asked_to_stop(self) -> None:
        await self._stop.wait()
        raise StopRequested

    async def _trim_logs(self) -> None:
        logs = [self._log(name) for name in self._children]
        while True:
            await asyncio.sleep(TRIM_EVERY_SECONDS)
            log_files.trim(logs)

    async def _stop_all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for child in self._children.values():
                group.create_task(self._stop_one(child))

    async def _stop_one(self, child: Child) -> None:
        for process in self._plan.processes:
            if child.name in process.depends_on and process.name in self._children:
                await self._stopped[process.name].wait()
        await child.stop(GRACE_SECONDS)
        if child.name in self._stopped:
            self._stopped[child.name].set()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        for number in wanted:
            loop.add_signal_handler(number, self._asked)
        try:
            yield
        finally:
            for number in wanted:
                loop.remove_signal_handler(number)

    def _asked(self) -> None:
        """The first time asks the processes, the second time does not ask."""
        if self._stop.is_set():
            for child in self._children.values():
                child.kill()
        self._stop.set()

    def _log(self, name: str) -> Path:
        return self._stack.home.log(name)

    def _died(self, name: str, code: int) -> DevstackProblem:
        how = f"was ended by signal {-code}" if code < 0 else f"stopped with exit code {code}"
        return self._problem(name, how)

    def _problem(self, name: str, what: str) -> DevstackProblem:
        said = log_files.last_line(self._log(name))
        quote = f' Its last words: "{said}".' if said else ""
        return DevstackProblem(f"{name} {what}.{quote} More: ./dev logs {name}")


def _first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first
