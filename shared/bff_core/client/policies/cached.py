"""Answers calls from recent responses, and from older ones when the source fails."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine

import structlog
from msgspec.structs import replace

from bff_core.cache.response_cache import (
    CacheEntry,
    CacheKey,
    MemoryCache,
    PendingRead,
    ResponseCache,
)
from bff_core.client.call import Call, DownstreamResponse, Send
from bff_core.client.policies.observer import Observer, notify
from bff_core.client.policies.outcome import is_final
from bff_core.client.policies.single_flight import LINGER_SECONDS
from bff_core.clock import Clock
from bff_core.context import Deadline
from bff_core.errors import (
    BffError,
    DownstreamError,
    DownstreamRefused,
    DownstreamTimeout,
    Unavailable,
)
from bff_core.fair_slots import FairSlots
from bff_core.ports import SharedCache
from bff_core.tasks import Background

_log = structlog.get_logger()

FALLBACK_RESERVE = 0.05
"""A read with a stale response to fall back on gives up so many seconds before its deadline."""
MAX_REFRESHES = 4
"""So many refreshes of a service run at a time, `MAX_REFRESHES_PER_IDENTITY` of them for one
identity, whose tasks are `MAX_REFRESH_TASKS_PER_IDENTITY` with those that wait."""
MAX_REFRESHES_PER_IDENTITY = 2
MAX_REFRESH_TASKS_PER_IDENTITY = 66

Work = Callable[[], Coroutine[None, None, None]]


class RefreshQueue:
    """The refreshes of one service, also a policy that counts the calls somebody waits for.

    While calls that somebody waits for are in flight, at most one runs. Identities take turns.
    """

    def __init__(self, *, max_waiting: int = 256) -> None:
        self._max_tasks = MAX_REFRESHES + max_waiting
        self._tasks: Counter[str] = Counter()
        self._awaited = 0
        self._background = Background()
        self.slots = FairSlots(MAX_REFRESHES, per_caller=MAX_REFRESHES_PER_IDENTITY)

    def __call__(self, send: Send) -> Send:
        async def counted(call: Call) -> DownstreamResponse:
            if call.refresh:
                return await send(call)
            self._awaited += 1
            self.slots.limit = 1
            try:
                return await send(call)
            finally:
                self._awaited -= 1
                if not self._awaited:
                    self.slots.limit = MAX_REFRESHES
                    self.slots.hand_out()

        return counted

    def put(self, identity: str, work: Work) -> bool:
        """Run `work` when its turn comes; False, and it never runs, when the queue is full."""
        if (
            len(self._background) >= self._max_tasks
            or self._tasks[identity] >= MAX_REFRESH_TASKS_PER_IDENTITY
        ):
            return False
        try:
            task = self._background.start(self._run(identity, work))
        except Unavailable:
            # The process stops.
            return False
        self._tasks[identity] += 1
        task.add_done_callback(lambda _: self._end(identity))
        return True

    async def aclose(self) -> None:
        """Cancel what waits and what runs, and wait for its end."""
        await self._background.aclose()

    async def _run(self, identity: str, work: Work) -> None:
        async with self.slots.held(identity):
            await work()

    def _end(self, identity: str) -> None:
        self._tasks[identity] -= 1
        if not self._tasks[identity]:
            del self._tasks[identity]


class Cached:
    """A policy for safe methods with a freshness; `budget` is in seconds, for a refresh.

    `supersede` drops what the response of a call replaces beside its own entry. `refreshes` is the
    queue that refreshes share with those of other operations. A write changes `responses`.
    """

    def __init__(
        self,
        memory: MemoryCache[CacheKey, CacheEntry],
        clock: Clock,
        *,
        budget: float = 2.0,
        shared_cache: SharedCache | None = None,
        observer: Observer | None = None,
        supersede: Callable[[Call], None] = lambda _: None,
        refreshes: RefreshQueue | None = None,
    ) -> None:
        self._clock = clock
        self._budget = budget
        self._observer = observer or Observer()
        self._supersede = supersede
        self.responses = ResponseCache(memory, shared_cache, clock, read_seconds=budget)
        self._refreshes = refreshes or RefreshQueue()
        self._refreshing: set[CacheKey] = set()

    @property
    def refreshing(self) -> int:
        return len(self._refreshing)

    def __call__(self, send: Send) -> Send:
        async def cached(call: Call) -> DownstreamResponse:
            freshness = call.freshness
            if not (call.safe and (freshness.cacheable or call.supersedes)):
                return await send(call)
            key = call.key
            entry = None
            if not call.supersedes:
                entry = await self.responses.find(key, freshness, call.decode)
            if entry is not None:
                age = self.responses.age(entry)
                if age < freshness.max_age:
                    notify(self._observer.cached, call, "hit")
                    return DownstreamResponse(entry.value, b"", age=age)
                if age < freshness.max_age + freshness.stale_while_revalidate:
                    self._start_refresh(send, call)
                    notify(self._observer.cached, call, "stale_refresh")
                    return DownstreamResponse(entry.value, b"", age=age)
            notify(self._observer.cached, call, "miss")
            with self.responses.reading(key) as read:
                if entry is None or not self._usable_on_error(call, entry):
                    return await self._read(send, call, read)
                return await self._read_or_serve_entry(send, call, entry, read)

        return cached

    async def _read(self, send: Send, call: Call, read: PendingRead) -> DownstreamResponse:
        try:
            response = await send(call)
        except DownstreamRefused as error:
            # A router's HTML page is no answer of the service.
            if is_final(error) and error.spoke_json:
                await self.responses.discard(read.key, call.freshness)
            raise
        outdated = read.outdated
        if call.supersedes:
            # In one step with the store: no read that began before may be stored after it.
            self._supersede(call)
        if response.status == 200 and not outdated:
            read_at = self._clock.monotonic() - response.age
            entry = CacheEntry(response.value, read_at, response.response_id)
            await self.responses.store(read.key, call.freshness, entry, response.body)
        return response

    async def _read_or_serve_entry(
        self, send: Send, call: Call, entry: CacheEntry, read: PendingRead
    ) -> DownstreamResponse:
        deadline = Deadline(call.deadline.at - FALLBACK_RESERVE, call.deadline.clock)
        try:
            return await self._read(send, replace(call, deadline=deadline), read)
        except DownstreamError as error:
            if read.outdated or is_final(error) or not self._usable_on_error(call, entry):
                raise
        notify(self._observer.cached, call, "stale_error")
        return DownstreamResponse(entry.value, b"", age=self.responses.age(entry), stale=True)

    def _usable_on_error(self, call: Call, entry: CacheEntry) -> bool:
        limit = call.freshness.max_age + call.freshness.stale_if_error
        return self.responses.age(entry) < limit

    def _start_refresh(self, send: Send, call: Call) -> None:
        key = call.key
        if key in self._refreshing:
            return
        self._refreshing.add(key)
        if not self._refreshes.put(call.identity, lambda: self._refresh(send, call)):
            self._refreshing.discard(key)
            notify(self._observer.cached, call, "refresh_dropped")

    async def _refresh(self, send: Send, call: Call) -> None:
        """Read again; the timeout is a safeguard, because the policies inside keep the deadline."""
        deadline = Deadline.after(self._budget, self._clock)
        refresh = replace(call, deadline=deadline, for_write=False, refresh=True)
        try:
            with self.responses.reading(call.key) as read:
                async with asyncio.timeout(self._budget + LINGER_SECONDS):
                    await self._read(send, refresh, read)
        except (BffError, TimeoutError) as error:
            code = error.code if isinstance(error, BffError) else DownstreamTimeout.code
            notify(self._observer.cached, call, "refresh_failed")
            _log.info("refresh_failed", service=call.service, operation=call.operation, code=code)
        finally:
            self._refreshing.discard(call.key)
