"""Starts every process in order, watches them, and stops them in reverse order."""

import asyncio
import contextlib
import shutil
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from devstack.errors import DevstackError
from devstack.supervisor.child import ChildProcess, start_child
from devstack.supervisor.logs import last_line
from devstack.supervisor.processes import inherited_environment
from devstack.supervisor.stack import ProcessSpec, RunningStack, StackPlan
from devstack.supervisor.state import ProcessId, StackState

START_SECONDS = 120.0
SEED_SECONDS = 120.0
GRACE_SECONDS = 8.0
POLL_SECONDS = 0.05


class StopRequested(Exception):
    """Raised by Ctrl-C, `./dev down` or a closed terminal."""


class Supervisor:
    """Owns the processes of one devstack from the first start to the last stop.

    `on_ready` is called with the name of each process; `when_ready` runs once all are ready.
    """

    def __init__(
        self,
        stack: RunningStack,
        plan: StackPlan,
        state: StackState,
        on_ready: Callable[[str], None],
        when_ready: Callable[[], Awaitable[None]],
    ) -> None:
        self._stack = stack
        self._plan = plan
        self._state = state
        self._on_ready = on_ready
        self._when_ready = when_ready
        self._children: dict[str, ChildProcess] = {}
        self._ready = {name: asyncio.Event() for name in plan.names()}
        self._stopped = {name: asyncio.Event() for name in plan.names()}
        self._stop = asyncio.Event()

    async def run(self, *, fresh: bool = False) -> None:
        """Run until a stop is requested.

        Raises:
            DevstackError: A process ended or did not get ready.
            OSError: The disk refused.
        """
        with self._signal_handlers():
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._wait_for_stop())
                    group.create_task(self._start_all(group, fresh=fresh))
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
        await self._when_ready()

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
            raise self._exit_failure("seed", code)
        # The system may give its pid to another process now: no signal may go there.
        del self._children["seed"], self._state.children["seed"]
        home.seeded.touch()
        self._on_ready("seed")

    async def _run_process(self, process: ProcessSpec) -> None:
        """Run a process once its dependencies are ready; its end is always a failure."""
        for name in process.depends_on:
            await self._ready[name].wait()
        command, env = process.command(self._stack), process.env(self._stack)
        child = await self._start(process.name, command, env)
        while not await process.probe(self._stack.ports[process.name]):
            if child.exit_code is not None:
                raise self._exit_failure(process.name, child.exit_code)
            await asyncio.sleep(POLL_SECONDS)
        self._ready[process.name].set()
        self._on_ready(process.name)
        raise self._exit_failure(process.name, await child.wait())

    async def _start(
        self, name: str, command: Sequence[str], env: Mapping[str, str]
    ) -> ChildProcess:
        log = self._stack.home.log(name)
        child = await start_child(name, command, {**inherited_environment(), **env}, log)
        self._children[name] = child
        self._state.children[name] = ProcessId.of(child.pid)
        self._state.save(self._stack.home)
        return child

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
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)

    def _on_signal(self) -> None:
        """The first signal stops the processes, the second one kills them."""
        if self._stop.is_set():
            for child in self._children.values():
                child.kill()
        self._stop.set()

    def _exit_failure(self, name: str, code: int) -> DevstackError:
        how = f"was ended by signal {-code}" if code < 0 else f"stopped with exit code {code}"
        return self._failure(name, how)

    def _failure(self, name: str, what: str) -> DevstackError:
        line = last_line(self._stack.home.log(name))
        quote = f' Its last line: "{line}".' if line else ""
        return DevstackError(f"{name} {what}.{quote} More: ./dev logs {name}")


def _first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first
