"""One supervised process: its group, its log file and its end."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

CODE_ROOT = Path(__file__).resolve().parents[2]
_PR_SET_PDEATHSIG = 1


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
