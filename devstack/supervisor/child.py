"""One supervised process: its group, its log file and its end; and its next start after a crash."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

CODE_ROOT = Path(__file__).resolve().parents[2]
_PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.05
MAX_CRASHES = 4
"""In a row; a process that crashes more often is left alone until somebody asks."""
STEADY_SECONDS = 30.0
"""A process that has run this long begins a new row."""
PAUSE_SECONDS = 0.25
"""Before the second start in a row; it doubles."""


class ChildProcess:
    """A started process. It leads a process group, so that its descendants end with it."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.pid = process.pid
        self._process = process

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode

    async def wait(self) -> int:
        return await self._process.wait()

    async def stop(self, grace_seconds: float) -> None:
        """SIGTERM to the whole group, and SIGKILL to the rest of it after the grace."""
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_seconds):
                await self._process.wait()
        except TimeoutError:
            pass
        finally:
            self.kill()
        await self._process.wait()

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


async def start_child(
    name: str, command: Sequence[str], env: Mapping[str, str], log: Path, *, again: bool = False
) -> ChildProcess:
    """Start a process whose output goes to a new log file; `again`, to the end of the old one."""
    with log.open("ab" if again else "wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=dict(env),
            cwd=CODE_ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=die_with_parent(os.getpid()),
        )
    return ChildProcess(name, process)


def die_with_parent(parent: int) -> Callable[[], None] | None:
    """On Linux the kernel ends the child with its parent; elsewhere the next start does."""
    if not sys.platform.startswith("linux"):
        return None
    # Loaded before the fork: a forked child may only call what is loaded.
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def before_exec() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec


class ProcessKeeper:
    """Owns the present child of one process.

    `start` starts it and returns at once; `is_ready` is its probe; `report` tells the person what
    has happened to it.
    """

    def __init__(
        self,
        start: Callable[[], Awaitable[ChildProcess]],
        is_ready: Callable[[], Awaitable[bool]],
        report: Callable[[str], None],
        *,
        grace_seconds: float,
    ) -> None:
        self._start = start
        self._is_ready = is_ready
        self._report = report
        self._grace = grace_seconds
        self._asked = asyncio.Event()
        self._crashes: deque[float] = deque(maxlen=MAX_CRASHES)

    def ask_for_restart(self) -> None:
        self._asked.set()

    async def run(self, on_ready: Callable[[], None]) -> int:
        """Run the process until cancelled; its exit code when it dies before it was ever ready.

        `on_ready` is called each time that a child has got ready.
        """
        child = await self._start()
        while not await self._becomes_ready(child):
            if not self._asked.is_set():
                return await child.wait()
            await self._end_of(child)
            child = await self._start()
        on_ready()
        while True:
            how = await self._end_of(child)
            if how is not None:
                await self._pause_after(how)
            child = await self._start()
            if await self._becomes_ready(child):
                on_ready()

    async def _becomes_ready(self, child: ChildProcess) -> bool:
        while child.exit_code is None:
            if await self._is_ready():
                return True
            if self._asked.is_set():
                return False
            await asyncio.sleep(POLL_SECONDS)
        return False

    async def _end_of(self, child: ChildProcess) -> str | None:
        """Wait until the process has ended: how, or None when a restart was asked for."""
        ended, asked = (
            asyncio.ensure_future(child.wait()),
            asyncio.ensure_future(self._asked.wait()),
        )
        try:
            await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (ended, asked):
                task.cancel()
        if self._asked.is_set():
            self._asked.clear()
            self._crashes.clear()
            await child.stop(self._grace)
            return None
        code = await child.wait()
        # Its descendants would keep the port.
        child.kill()
        return end_of(code)

    async def _pause_after(self, how: str) -> None:
        """Wait before the next start; for good, unless asked, after too many crashes in a row."""
        now = time.monotonic()
        if self._crashes and now - self._crashes[-1] > STEADY_SECONDS:
            self._crashes.clear()
        self._crashes.append(now)
        if len(self._crashes) == MAX_CRASHES:
            self._report(f"{how}, {MAX_CRASHES} times in a row: it stays down until ./dev restart")
            await self._asked.wait()
        else:
            self._report(f"{how}: starting it again")
            pause = PAUSE_SECONDS * 2 ** (len(self._crashes) - 1)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._asked.wait()
        self._asked.clear()


def end_of(code: int) -> str:
    return f"was ended by signal {-code}" if code < 0 else f"stopped with exit code {code}"
