"""Background tasks: their failures are logged when they happen, and they end when they shall."""

import asyncio
from typing import Any

import structlog

from bff_core.errors import BffError

REPEAT_SECONDS = 0.1
ATTEMPTS = 50

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
