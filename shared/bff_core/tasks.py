"""Ending background tasks."""

import asyncio

REPEAT_SECONDS = 0.1
ATTEMPTS = 50


async def cancel_and_wait(*tasks: asyncio.Task[object]) -> None:
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
