"""Failures of background tasks, logged when they happen."""

import asyncio
from typing import Any

import structlog

from bff_core.errors import BffError

log = structlog.get_logger()


def log_failure(task: asyncio.Task[Any]) -> None:
    """Done callback of a task that nothing awaits, or that is awaited only at shutdown.

    asyncio reports such a failure when the task is collected, which may be never. An outage is
    logged where it is translated, so a `BffError` is passed over.
    """
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, BffError):
        log.error("background_task_failed", task=task.get_name(), exc_info=error)
