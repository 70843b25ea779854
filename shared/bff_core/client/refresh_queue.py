"""Refreshes of cached responses: few at a time, and fewer while callers wait for the service."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Coroutine
from functools import partial

from bff_core.client.call import Call, DownstreamResponse, Send
from bff_core.errors import Unavailable
from bff_core.tasks import Background

Work = Callable[[], Coroutine[None, None, None]]


class RefreshQueue:
    """The refreshes of one service, also a policy that counts the calls somebody waits for.

    At most `max_running` run at a time, `max_per_identity` of them for one identity. While calls
    that somebody waits for are in flight, at most one runs. Identities take turns.
    """

    def __init__(
        self,
        *,
        max_running: int = 4,
        max_per_identity: int = 2,
        max_waiting: int = 256,
        max_waiting_per_identity: int = 64,
    ) -> None:
        self._max_running = max_running
        self._max_per_identity = max_per_identity
        self._max_waiting = max_waiting
        self._max_waiting_per_identity = max_waiting_per_identity
        self._waiting: OrderedDict[str, deque[Work]] = OrderedDict()
        self._running: Counter[str] = Counter()
        self._awaited = 0
        self._background = Background()

    @property
    def running(self) -> int:
        return self._running.total()

    @property
    def waiting(self) -> int:
        return sum(len(works) for works in self._waiting.values())

    def __call__(self, send: Send) -> Send:
        async def counted(call: Call) -> DownstreamResponse:
            if call.refresh:
                return await send(call)
            self._awaited += 1
            try:
                return await send(call)
            finally:
                self._awaited -= 1
                self._start_next()

        return counted

    def put(self, identity: str, work: Work) -> bool:
        """Run `work` when its turn comes; False, and it never runs, when the queue is full."""
        works = self._waiting.get(identity, ())
        if len(works) >= self._max_waiting_per_identity or self.waiting >= self._max_waiting:
            return False
        self._waiting.setdefault(identity, deque()).append(work)
        self._start_next()
        return True

    async def aclose(self) -> None:
        """Drop what waits, cancel what runs and wait for its end."""
        self._waiting.clear()
        await self._background.aclose()

    def _start_next(self) -> None:
        while self._waiting and self.running < (1 if self._awaited else self._max_running):
            may_run = (one for one in self._waiting if self._running[one] < self._max_per_identity)
            identity = next(may_run, None)
            if identity is None:
                return
            work = self._waiting[identity].popleft()
            self._waiting.move_to_end(identity)
            if not self._waiting[identity]:
                del self._waiting[identity]
            try:
                task = self._background.start(work())
            except Unavailable:
                # The process stops.
                self._waiting.clear()
                return
            self._running[identity] += 1
            task.add_done_callback(partial(self._end, identity))

    def _end(self, identity: str, _: asyncio.Task[None]) -> None:
        self._running[identity] -= 1
        if not self._running[identity]:
            del self._running[identity]
        self._start_next()
