"""Bounds the calls to a service that are in flight, so that its slowness does not spread."""

import asyncio
from collections import deque
from contextlib import suppress

from bff_core.client.call import MIN_ATTEMPT_SECONDS, Call, DownstreamResponse, Send
from bff_core.client.policies.observer import Observer, notify
from bff_core.errors import DownstreamSaturated, DownstreamTimeout


class Bulkhead:
    """A policy with `max_in_flight` slots, which waiting calls get in the order of their arrival.

    A call waits at most `max_wait` seconds. Beyond `max_waiting` calls, one is refused at once.
    """

    def __init__(
        self,
        service: str,
        *,
        max_in_flight: int = 32,
        max_waiting: int = 32,
        max_wait: float = 0.05,
        observer: Observer | None = None,
    ) -> None:
        self._service = service
        self._max_in_flight = max_in_flight
        self._max_waiting = max_waiting
        self._max_wait = max_wait
        self._observer = observer or Observer()
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def in_flight(self) -> int:
        return self._in_flight

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def __call__(self, send: Send) -> Send:
        async def bounded(call: Call) -> DownstreamResponse:
            await self.acquire(call)
            try:
                return await send(call)
            finally:
                self.release()

        return bounded

    async def acquire(self, call: Call) -> None:
        """Take a slot; end it with `release`.

        Raises:
            DownstreamSaturated: No slot became free in `max_wait` seconds.
            DownstreamTimeout: Waiting longer would leave too little time for an attempt.
        """
        if self._in_flight < self._max_in_flight:
            self._in_flight += 1
            return
        if len(self._waiting) >= self._max_waiting:
            raise self._saturated(call)
        spare = call.deadline.left() - MIN_ATTEMPT_SECONDS
        slot = asyncio.get_running_loop().create_future()
        self._waiting.append(slot)
        try:
            async with asyncio.timeout(min(self._max_wait, max(0.0, spare))):
                await slot
        except TimeoutError as error:
            self._stop_waiting(slot)
            if spare >= self._max_wait:
                raise self._saturated(call) from error
            notify(self._observer.refused, call, "deadline")
            raise DownstreamTimeout(self._service, reason="no_time_to_wait", sent=False) from error
        except asyncio.CancelledError:
            self._stop_waiting(slot)
            raise

    def release(self) -> None:
        """Hand the slot to the first call that still waits."""
        while self._waiting:
            slot = self._waiting.popleft()
            if not slot.done():
                slot.set_result(None)
                return
        self._in_flight -= 1

    def _stop_waiting(self, slot: asyncio.Future[None]) -> None:
        if slot.done() and not slot.cancelled():
            # The slot was handed over in the moment the wait ended.
            self.release()
            return
        # `release` may have removed the cancelled future already.
        with suppress(ValueError):
            self._waiting.remove(slot)

    def _saturated(self, call: Call) -> DownstreamSaturated:
        notify(self._observer.refused, call, "bulkhead")
        return DownstreamSaturated(self._service, retry_after=1.0, sent=False)
