"""Tasks that outlive the request that started them, and their owner."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from bff_core.errors import BffError, Unavailable
from bff_core.tasks import cancel_and_wait

T = TypeVar("T")

_log = structlog.get_logger()


class Background:
    """Owns tasks until they end; closing it cancels them and waits for their end."""

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

    async def aclose(self) -> None:
        self._closed = True
        await cancel_and_wait(*self._tasks)

    def _on_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        # Reading the exception keeps asyncio from reporting one that no task awaited.
        error = task.exception()
        if error is not None and not isinstance(error, BffError):
            _log.error("background_call_failed", exc_info=error)
