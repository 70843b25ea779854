"""Tasks that outlive the request that began them, and the owner that ends them."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from bff_core.errors import BffError, Unavailable

T = TypeVar("T")

_log = structlog.get_logger()


class Background:
    """Owns tasks until they end; closing cancels what is left and waits for it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin work.

        Raises:
            Unavailable: The owner has been closed, the process is going down.
        """
        if self._closed:
            work.close()
            raise Unavailable(retry_after=1.0)
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def aclose(self) -> None:
        self._closed = True
        left = set(self._tasks)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        # Looking at it keeps asyncio from reporting a failure that nobody waited for.
        error = task.exception()
        if error is not None and not isinstance(error, BffError):
            _log.error("background_call_failed", exc_info=error)
