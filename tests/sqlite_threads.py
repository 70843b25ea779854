"""The threads of SQLite's driver."""

import asyncio
import threading

_NAME = "_connection_worker_thread"
_PATIENCE = 5.0


async def until_they_end() -> None:
    """One that could not open its file still speaks to the loop at its end: let it."""
    for thread in threading.enumerate():
        if _NAME in thread.name:
            await asyncio.to_thread(thread.join, _PATIENCE)
