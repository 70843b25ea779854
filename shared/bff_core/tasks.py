"""Background tasks: their owner, their failures, which are logged when they happen, and their end."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from bff_core.errors import BffError, Unavailable

REPEAT_SECONDS = 0.1
ATTEMPTS = 50

T = TypeVar("T")

log = structlog.get_logger()


def log_failure(task: asyncio.Task[Any]) -> None:
    """Done callback of a task that nothing awaits, or that is awaited only at shutdown.

    asyncio reports such a failure when the task is collected, which may be never. An outage is
    logged where it is translated, so a `BffError` is passed over.
    """
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, BffError):
        log.error("background_task_failed", task=task.get_name(), exc_info=error)


async def cancel_and_wait(*tasks: asyncio.Task[Any]) -> None:
    """Cancel the tasks until they end, for five seconds at most.

    Once is not enough: a library loses a cancellation that arrives while it closes a connection or
    while a time-out of its own is due.
    """
    running = {task for task in tasks if not task.done()}
    for _ in range(ATTEMPTS):
        if not running:
            return
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=REPEAT_SECONDS)


class Background:
    """Owns tasks that outlive the request that started them; closing it cancels and awaits them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a task.

        Raises:
            Unavailable: The owner is closed because the process stops.
        """
        if self._closed:
            work.close()
            raise Unavailable(retry_after=1.0)
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_done)
        return task

    async def wait(self) -> None:
        """Wait until no task is left, also for those that start meanwhile; it ends none."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def aclose(self) -> None:
        self._closed = True
        await cancel_and_wait(*self._tasks)

    def _on_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        # Reading the exception keeps asyncio from reporting one that no task awaited.
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, BffError):
            log.error("background_call_failed", exc_info=error)
