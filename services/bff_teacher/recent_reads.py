"""Reads that are not one HTTP request, kept for seconds and shared while they are in flight."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cachetools import TTLCache

from bff_core.clock import Clock
from bff_core.composition import Fetched
from bff_core.context import RequestContext, UserId
from bff_core.errors import BffError, Unavailable
from bff_core.tasks import Background

MAX_ENTRIES = 2000

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class StartedRead(Generic[V]):
    task: asyncio.Task[V]
    started_at: float


class RecentReads(Generic[V]):
    """A read belongs to none of its callers: it goes on when one of them leaves.

    Reads must bound their own time. A failure is not kept.
    """

    def __init__(self, clock: Clock, *, max_age: float) -> None:
        """`max_age` in seconds from the start of a read."""
        self._clock = clock
        self._reads: TTLCache[tuple[UserId, Hashable], StartedRead[V]] = TTLCache(
            MAX_ENTRIES, max_age, timer=clock.monotonic
        )
        self._background = Background()

    async def get(
        self, ctx: RequestContext, key: Hashable, read: Callable[[], Coroutine[Any, Any, V]]
    ) -> Fetched[V]:
        """The result of a recent read of the user's, or of `read`.

        Raises:
            Unavailable: The process stops, or the read takes longer than the caller has time.
            BffError: The read failed.
        """
        slot = (ctx.user_id, key)
        started = self._reads.get(slot)
        if started is None or _has_failed(started.task):
            started = StartedRead(self._background.start(read()), self._clock.monotonic())
            self._reads[slot] = started
        if not started.task.done():
            await asyncio.wait([started.task], timeout=ctx.deadline.left())
        if not started.task.done() or started.task.cancelled():
            raise Unavailable(retry_after=1.0)
        error = started.task.exception()
        if isinstance(error, BffError):
            raise error.copy() from error.__cause__
        return Fetched(started.task.result(), self._clock.monotonic() - started.started_at)

    def forget(self, user_id: UserId | None) -> None:
        """Drop a user's reads, or all; no later caller joins one that is in flight."""
        for slot in [slot for slot in self._reads if user_id in {None, slot[0]}]:
            self._reads.pop(slot, None)

    async def aclose(self) -> None:
        """Cancel the reads in flight and wait for their end."""
        await self._background.aclose()


def _has_failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
