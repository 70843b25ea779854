"""Bounds the calls to a service that are in flight, so that its slowness does not spread."""

import asyncio

from bff_core.client.call import MIN_ATTEMPT_SECONDS, Call, DownstreamResponse, Send
from bff_core.client.policies.observer import Observer, notify
from bff_core.errors import CallerSaturated, DownstreamSaturated, DownstreamTimeout
from bff_core.fair_slots import UNSHARED, FairSlots


class Bulkhead:
    """A policy with `max_in_flight` slots, of which the calls of one caller get `per_caller`.

    A call waits at most `max_wait` seconds; callers take turns, each in the order of its calls.
    Beyond `max_waiting` calls, or as many of one caller as its share, one is refused at once.
    """

    def __init__(
        self,
        service: str,
        *,
        max_in_flight: int = 32,
        max_waiting: int = 32,
        max_wait: float = 0.05,
        per_caller: int | None = None,
        observer: Observer | None = None,
    ) -> None:
        self._service = service
        self._max_waiting = max_waiting
        self._max_wait = max_wait
        self._waiting_per_caller = max_waiting if per_caller is None else per_caller
        self._observer = observer or Observer()
        self.slots = FairSlots(max_in_flight, per_caller=per_caller)

    def __call__(self, send: Send) -> Send:
        async def bounded(call: Call) -> DownstreamResponse:
            if not self.slots.try_acquire(call.caller):
                await self._wait_for_slot(call)
            try:
                return await send(call)
            finally:
                self.slots.release(call.caller)

        return bounded

    async def _wait_for_slot(self, call: Call) -> None:
        """Take a slot when the caller's turn has come.

        Raises:
            CallerSaturated: The caller's share is in use, and stayed so for `max_wait` seconds.
            DownstreamSaturated: No slot became free in `max_wait` seconds.
            DownstreamTimeout: Waiting longer would leave too little time for an attempt.
        """
        slots = self.slots
        limit = self._max_waiting if call.caller == UNSHARED else self._waiting_per_caller
        if slots.waiting >= self._max_waiting or slots.waiting_of(call.caller) >= limit:
            raise self._saturated(call)
        spare = call.deadline.left() - MIN_ATTEMPT_SECONDS
        try:
            async with asyncio.timeout(min(self._max_wait, max(0.0, spare))):
                await slots.acquire(call.caller)
        except TimeoutError as error:
            if spare >= self._max_wait:
                raise self._saturated(call) from error
            notify(self._observer.refused, call, "deadline")
            raise DownstreamTimeout(self._service, reason="no_time_to_wait", sent=False) from error

    def _saturated(self, call: Call) -> DownstreamSaturated:
        at_share = self.slots.at_share(call.caller)
        notify(self._observer.refused, call, "share" if at_share else "bulkhead")
        kind = CallerSaturated if at_share else DownstreamSaturated
        return kind(self._service, retry_after=1.0, sent=False)
