"""Bounds how many calls to one service are in flight, so that its slowness stays its own."""

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from bff_core.client.call import LEAST_ATTEMPT, Call, DownstreamResponse, Send
from bff_core.client.policies.observer import UNOBSERVED, Observer, notify
from bff_core.errors import DownstreamError, DownstreamSaturated, DownstreamTimeout


@dataclass(frozen=True, slots=True)
class BulkheadOptions:
    """`wait` in seconds; beyond `queue` calls that wait, a call is refused at once."""

    in_flight: int = 32
    queue: int = 32
    wait: float = 0.05
    least_attempt: float = LEAST_ATTEMPT


class Bulkhead:
    """A policy, one per downstream; slots are handed on in the order of asking."""

    def __init__(
        self,
        service: str,
        options: BulkheadOptions | None = None,
        *,
        observer: Observer = UNOBSERVED,
    ) -> None:
        self._service = service
        self._options = options or BulkheadOptions()
        self._observer = observer
        self._in_flight = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def in_flight(self) -> int:
        return self._in_flight

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def __call__(self, send: Send) -> Send:
        async def bounded(call: Call) -> DownstreamResponse:
            await self._enter(call)
            try:
                return await send(call)
            finally:
                self._leave()

        return bounded

    async def _enter(self, call: Call) -> None:
        if self._in_flight < self._options.in_flight:
            self._in_flight += 1
            return
        if len(self._queue) >= self._options.queue:
            raise self._saturated(call)
        await self._wait(call)

    async def _wait(self, call: Call) -> None:
        """Until a slot is handed over; what is left of the deadline must still fit an attempt."""
        spare = call.deadline.left() - self._options.least_attempt
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            async with asyncio.timeout(min(self._options.wait, max(0.0, spare))):
                await turn
        except TimeoutError as error:
            self._give_up(turn)
            late = spare < self._options.wait
            raise (self._late(call) if late else self._saturated(call)) from error
        except asyncio.CancelledError:
            self._give_up(turn)
            raise

    def _give_up(self, turn: asyncio.Future[None]) -> None:
        """The slot may have been handed over in the moment the wait ended: pass it on."""
        if turn.done() and not turn.cancelled():
            self._leave()
            return
        # `_leave` may have come first and thrown the cancelled turn away.
        with suppress(ValueError):
            self._queue.remove(turn)

    def _leave(self) -> None:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._in_flight -= 1

    def _saturated(self, call: Call) -> DownstreamError:
        notify(self._observer.refused, call, "bulkhead")
        return DownstreamSaturated(self._service, retry_after=1.0, sent=False)

    def _late(self, call: Call) -> DownstreamError:
        notify(self._observer.refused, call, "deadline")
        return DownstreamTimeout(self._service, reason="no_time_to_wait", sent=False)
