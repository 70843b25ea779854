"""Runs what works in the background for as long as the process serves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import structlog

from bff_core.tasks import cancel_and_wait

RESTART_DELAY_SECONDS = 1.0

log = structlog.get_logger()


class Runs(Protocol):
    async def run(self) -> None:
        """Work until cancelled."""
        ...


@asynccontextmanager
async def running(service: Runs, name: str = "updates") -> AsyncIterator[None]:
    """Run a service in the background for the duration of the block."""
    stopping = asyncio.Event()
    task = asyncio.create_task(_run_until(stopping, service, name), name=f"live-{name}")
    try:
        yield
    finally:
        stopping.set()
        await cancel_and_wait(task)


async def _run_until(stopping: asyncio.Event, service: Runs, name: str) -> None:
    """Run it, and restart it after a crash, which has ended all streams."""
    while True:
        try:
            await service.run()
        except Exception:  # the outermost frame of a background task
            log.exception("live_updates_crashed", task=name)
        if stopping.is_set():
            return
        await asyncio.sleep(RESTART_DELAY_SECONDS)
