"""Reads of one source by id, of which many that wait are made as one."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Generic, TypeVar

from bff_core.errors import BffError, Unavailable
from bff_core.tasks import Background

MAX_IDS = 500
"""Ids of one read; a larger group takes several."""

V = TypeVar("V")


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
        if task.cancelled():
            raise Unavailable(retry_after=1.0)
        error = task.exception()
        if isinstance(error, BffError):
            raise error.copy() from error.__cause__
        found = task.result()
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
