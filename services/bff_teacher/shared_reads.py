"""Reads that are not one HTTP request: kept for seconds, and made together while they wait."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cachetools import TTLCache

from bff_core.clock import Clock
from bff_core.composition import Fetched
from bff_core.context import RequestContext, UserId
from bff_core.errors import BffError, Unavailable
from bff_core.tasks import Background

MAX_ENTRIES = 2000
MAX_IDS = 500
"""Ids of one grouped read; a larger group takes several."""

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class StartedRead(Generic[V]):
    task: asyncio.Task[V]
    started_at: float


class RecentReads(Generic[V]):
    """A read belongs to none of its callers: it goes on when one of them leaves.

    Reads must bound their own time.
    """

    def __init__(self, clock: Clock, *, max_age: float, keep_failures: bool = False) -> None:
        """`max_age` in seconds from the start of a read.

        With `keep_failures`, a source that is away is asked once for all within that time.
        """
        self._clock = clock
        self._keep_failures = keep_failures
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
        if started is None or (not self._keep_failures and _has_failed(started.task)):
            started = StartedRead(self._background.start(read()), self._clock.monotonic())
            self._reads[slot] = started
        if not started.task.done():
            await asyncio.wait([started.task], timeout=ctx.deadline.left())
        result = _result_of(started.task)
        return Fetched(result, self._clock.monotonic() - started.started_at)

    def forget(self, user_id: UserId | None) -> None:
        """Drop a user's reads, or all; no later caller joins one that is in flight."""
        for slot in [slot for slot in self._reads if user_id in {None, slot[0]}]:
            self._reads.pop(slot, None)

    async def aclose(self) -> None:
        """Cancel the reads in flight and wait for their end."""
        await self._background.aclose()


def _result_of(task: asyncio.Task[V]) -> V:
    """The result for one of several callers; a failure is a copy of its own, with its own traceback."""
    if not task.done() or task.cancelled():
        raise Unavailable(retry_after=1.0)
    error = task.exception()
    if isinstance(error, BffError):
        raise error.copy() from error.__cause__
    return task.result()


def _has_failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


class GroupedReads(Generic[V]):
    """Reads that come while one is made wait for its end, and are then made together.

    So screens that are opened at once cost two uses of the source, whoever opens them, and none of
    them waits behind another's. Reads must bound their own time.
    """

    def __init__(self, read: Callable[[Collection[str]], Awaitable[Mapping[str, V]]]) -> None:
        self._read = read
        self._turn = asyncio.Lock()
        self._waiting: tuple[set[str], asyncio.Task[dict[str, V]]] | None = None
        self._background = Background()

    async def get(self, ids: Collection[str]) -> dict[str, V]:
        """The values of these ids by a read that begins after this call; unknown ids are absent.

        Raises:
            Unavailable: The process stops.
            BffError: The read failed.
        """
        if self._waiting is None:
            group = set[str]()
            self._waiting = group, self._background.start(self._read_group(group))
        group, task = self._waiting
        group.update(ids)
        # A caller that leaves does not end what others wait for.
        await asyncio.wait([task])
        found = _result_of(task)
        return {one: found[one] for one in ids if one in found}

    async def aclose(self) -> None:
        """Cancel the reads and wait for their end."""
        await self._background.aclose()

    async def _read_group(self, group: set[str]) -> dict[str, V]:
        async with self._turn:
            self._waiting = None
            ids, found = sorted(group), dict[str, V]()
            for start in range(0, len(ids), MAX_IDS):
                found |= await self._read(ids[start : start + MAX_IDS])
            return found
