"""Coalesces equal calls that are in flight at the same time into one."""

import asyncio
from dataclasses import dataclass

from msgspec.structs import replace

from bff_core.cache.response_cache import CacheKey
from bff_core.client.call import Call, DownstreamResponse, Send
from bff_core.client.policies.observer import Observer, notify
from bff_core.clock import Clock
from bff_core.context import Deadline
from bff_core.errors import BffError, DownstreamTimeout, Unavailable, Unexpected
from bff_core.tasks import Background

LINGER_SECONDS = 0.05
"""A call may end by its own deadline when its last caller left so shortly before it."""


@dataclass(eq=False, slots=True)
class SharedCall:
    """A call in flight, the moment by which it must have ended, and its callers that wait."""

    key: CacheKey
    latest: Deadline
    task: asyncio.Task[DownstreamResponse]
    callers: int = 0


class SingleFlight:
    """A policy for safe methods; a shared call may take `budget` seconds.

    The shared call belongs to none of its callers: it goes on when one of them leaves and is
    cancelled when the last one has left.
    """

    def __init__(
        self, clock: Clock, *, budget: float = 2.0, observer: Observer | None = None
    ) -> None:
        self._clock = clock
        self._budget = budget
        self._observer = observer or Observer()
        self._shared: dict[CacheKey, SharedCall] = {}
        self._background = Background()

    @property
    def in_flight(self) -> int:
        return len(self._background)

    def __call__(self, send: Send) -> Send:
        async def coalesced(call: Call) -> DownstreamResponse:
            if not (call.coalesce and call.safe):
                return await send(call)
            key = call.key
            shared = self._shared.get(key)
            if shared is None:
                deadline = Deadline.after(self._budget, self._clock)
                task = self._background.start(send(replace(call, deadline=deadline)))
                latest = Deadline(deadline.at + LINGER_SECONDS, self._clock)
                shared = self._shared[key] = SharedCall(key, latest, task)
            else:
                notify(self._observer.cached, call, "coalesced")
            return await self._wait(shared, call)

        return coalesced

    def invalidate(self, service: str, identity: str | None, *operations: str) -> None:
        """Keep later calls from joining a call that began before a write."""
        self._shared = {
            key: shared
            for key, shared in self._shared.items()
            if not key.is_changed_by(service, identity, *operations)
        }

    async def aclose(self) -> None:
        """Cancel the calls in flight and wait for their end."""
        await self._background.aclose()

    async def _wait(self, shared: SharedCall, call: Call) -> DownstreamResponse:
        """Wait for the caller's deadline, and for that of the shared call if it ignores its own."""
        overran = shared.latest.at < call.deadline.at
        deadline = shared.latest if overran else call.deadline
        shared.callers += 1
        try:
            await asyncio.wait([shared.task], timeout=deadline.left())
        finally:
            shared.callers -= 1
            if shared.callers == 0:
                self._end(shared)
        if not shared.task.done():
            reason = "shared_call_overran" if overran else "no_time_to_wait"
            raise DownstreamTimeout(call.service, reason=reason)
        if shared.task.cancelled():
            raise Unavailable(retry_after=1.0)
        error = shared.task.exception()
        if isinstance(error, BffError):
            # A copy: one exception raised in 500 tasks would gather 500 tracebacks, and the part
            # that one screen names in it would show in the others.
            raise error.copy() from error.__cause__
        if error is not None:
            raise Unexpected from error
        return shared.task.result()

    def _end(self, shared: SharedCall) -> None:
        """Cancel a call for which nobody waits any longer."""
        if self._shared.get(shared.key) is shared:
            del self._shared[shared.key]
        if shared.task.done():
            return
        left = shared.latest.left()
        if 0.0 < left <= 2 * LINGER_SECONDS:
            # It is about to time out, and may: the breaker learns from it.
            shared.task.get_loop().call_later(left, shared.task.cancel)
        else:
            shared.task.cancel()
