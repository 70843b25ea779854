"""Drops what a write has changed from the caches of all replicas, and again once it has settled."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from bff_core.context import UserId
from bff_core.errors import Unavailable
from bff_core.tasks import Background
from services.bff_teacher.live.updates import LiveStreams
from services.bff_teacher.ports import CachedReads

SETTLES_AFTER_SECONDS = (5.0, 30.0)
"""Times after a write at which its effects are read again: the services pass them on by Kafka."""
MAX_SETTLING = 1000
"""Writes that are followed at the same time; beyond, only `max_age` bounds what is shown."""
MAX_UNFINISHED = 1000
"""Writes that may go on without their callers at the same time; beyond, each ends with its caller."""

T = TypeVar("T")

log = structlog.get_logger()


class AnnouncedWrites:
    """`BatchWrites` over the caches of this process and the live updates of all replicas."""

    def __init__(self, reads: CachedReads, live: LiveStreams) -> None:
        self._reads = reads
        self._live = live
        self._writing = Background()
        self._background = Background()

    async def finish(self, write: Coroutine[Any, Any, T]) -> T:
        if len(self._writing) >= MAX_UNFINISHED:
            return await write
        task = self._writing.start(write)
        # Unlike `await task`, it does not end with the caller.
        await asyncio.wait([task])
        if task.cancelled():
            raise Unavailable(retry_after=1.0)
        return task.result()

    async def written(self, user_id: UserId) -> None:
        await self._drop(user_id)
        if len(self._background) < MAX_SETTLING:
            try:
                self._background.start(self._drop_again(user_id))
            except Unavailable:
                # The process stops, and its caches with it.
                return

    async def drain(self) -> None:
        """Wait for the writes that go on without their callers."""
        await self._writing.wait()

    async def aclose(self) -> None:
        if self._writing:
            log.warning("writes_cut_off", writes=len(self._writing))
        await self._writing.aclose()
        await self._background.aclose()

    async def _drop(self, user_id: UserId) -> None:
        await self._reads.invalidate(user_id)
        await self._live.announce_write(user_id)

    async def _drop_again(self, user_id: UserId) -> None:
        elapsed = 0.0
        for at in SETTLES_AFTER_SECONDS:
            await asyncio.sleep(at - elapsed)
            elapsed = at
            await self._drop(user_id)
