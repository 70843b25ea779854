"""One supervised process: its group, its log file, its end."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from devstack.process_marks import start_mark
from devstack.state import Running

CODE_ROOT = Path(__file__).resolve().parent.parent
_PR_SET_PDEATHSIG = 1


class Child:
    """A started process. It leads a group of its own, so that its descendants end with it."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self._process = process

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode

    @property
    def identity(self) -> Running:
        return Running(self._process.pid, start_mark(self._process.pid) or "gone")

    async def wait(self) -> int:
        return await self._process.wait()

    async def stop(self, grace_seconds: float) -> None:
        """SIGTERM, then SIGKILL for what is left after the grace, in the whole group."""
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
            os.killpg(self._process.pid, number)


async def start_child(
    name: str, command: Sequence[str], env: Mapping[str, str], log: Path
) -> Child:
    with _empty_log(log) as output:
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
    return Child(name, process)


def _empty_log(log: Path) -> BinaryIO:
    log.unlink(missing_ok=True)
    # Appending lets the log be cut while it is written.
    return log.open("ab")


def die_with_parent(parent: int) -> Callable[[], None] | None:
    """Linux ends the child when a killed supervisor can no longer do it; elsewhere the next start does."""
    if not sys.platform.startswith("linux"):
        return None
    # Loaded before the fork: the child may only make calls.
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def before_exec() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec
