"""Slots that callers share: each holds at most its share, and those that wait take turns."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

UNSHARED = ""
"""The caller of what belongs to no user; it may hold all slots."""


class FairSlots:
    """At most `limit` slots in use, and at most `per_caller` by one caller.

    A free slot goes to the caller whose turn it is, within a caller to the first that waits.
    `limit` may change: what is in use beyond it ends by itself, and `hand_out` gives away more.
    """

    def __init__(self, limit: int, *, per_caller: int | None = None) -> None:
        self.limit = limit
        self._per_caller = limit if per_caller is None else min(per_caller, limit)
        self._held: dict[str, int] = {}
        self._in_use = 0
        self._queues: dict[str, deque[asyncio.Future[None]]] = {}

    @property
    def in_use(self) -> int:
        return self._in_use

    @property
    def waiting(self) -> int:
        return sum(len(queue) for queue in self._queues.values())

    def waiting_of(self, caller: str) -> int:
        return len(self._queues.get(caller, ()))

    def at_share(self, caller: str) -> bool:
        """True while the caller holds all slots that it may hold."""
        return caller != UNSHARED and self._held.get(caller, 0) >= self._per_caller

    def try_acquire(self, caller: str) -> bool:
        """Take a slot without waiting; end it with `release`."""
        if self._in_use >= self.limit or self.at_share(caller):
            return False
        self._in_use += 1
        self._held[caller] = self._held.get(caller, 0) + 1
        return True

    async def acquire(self, caller: str) -> None:
        """Take a slot, wait for one where there is none; end it with `release`."""
        if self.try_acquire(caller):
            return
        slot = asyncio.get_running_loop().create_future()
        self._queues.setdefault(caller, deque()).append(slot)
        try:
            await slot
        except asyncio.CancelledError:
            queue = self._queues.get(caller, deque())
            if slot.done() and not slot.cancelled():
                # The slot was handed over in the moment the wait ended.
                self.release(caller)
            elif slot in queue:
                queue.remove(slot)
                if not queue:
                    del self._queues[caller]
            raise

    @asynccontextmanager
    async def held(self, caller: str) -> AsyncIterator[None]:
        """Hold a slot while the block runs."""
        await self.acquire(caller)
        try:
            yield
        finally:
            self.release(caller)

    def release(self, caller: str) -> None:
        """Give a slot back."""
        self._in_use -= 1
        self._held[caller] -= 1
        if not self._held[caller]:
            del self._held[caller]
        self.hand_out()

    def hand_out(self) -> None:
        """Hand free slots to the callers that wait and may have one more, in turn."""
        callers = deque(self._queues)
        while callers and self._in_use < self.limit:
            caller = callers.popleft()
            slot = self._first_of(caller)
            if slot and self.try_acquire(caller):
                # The caller's others wait behind all callers' now.
                queue = self._queues.pop(caller)
                queue.popleft()
                if queue:
                    self._queues[caller] = queue
                    callers.append(caller)
                slot.set_result(None)

    def _first_of(self, caller: str) -> asyncio.Future[None] | None:
        """The first that still waits; cancelled ones leave the queue here or by themselves."""
        queue = self._queues[caller]
        while queue and queue[0].done():
            queue.popleft()
        if queue:
            return queue[0]
        del self._queues[caller]
        return None
