"""Repeats failed calls within a budget, while the deadline still allows an attempt."""

import asyncio
from collections.abc import Awaitable, Callable
from random import random

from msgspec.structs import replace

from bff_core.client.call import MIN_ATTEMPT_SECONDS, Call, DownstreamResponse, Send
from bff_core.client.policies.observer import Observer, notify
from bff_core.clock import Clock
from bff_core.errors import (
    CircuitOpen,
    DownstreamError,
    DownstreamRefused,
    DownstreamSaturated,
    DownstreamTimeout,
)

RETRY_DELAY = 0.05
"""Seconds before the first retry; doubles with each further one."""
MAX_RETRY_DELAY = 1.0
MAX_SAVED_RETRIES = 20.0
MINIMUM_PERIOD = 30.0


class RetryBudget:
    """A budget of retries, one per service, so that retries cannot worsen an outage.

    A `share` of the calls may be repeated, saved up to `MAX_SAVED_RETRIES`. A service with few
    calls earns too little for one retry, so `minimum` are granted every `MINIMUM_PERIOD` seconds.
    """

    def __init__(self, clock: Clock, *, share: float = 0.1, minimum: float = 3.0) -> None:
        self._clock = clock
        self._share = share
        self._minimum = minimum
        self._tokens = minimum
        self._refilled_at = clock.monotonic()

    def earn(self) -> None:
        """Count a call's first attempt."""
        self._tokens = max(self._tokens, min(MAX_SAVED_RETRIES, self._tokens + self._share))

    def spend(self) -> bool:
        """Take one retry; False when none is left."""
        now = self._clock.monotonic()
        refill = (now - self._refilled_at) * self._minimum / MINIMUM_PERIOD
        self._refilled_at = now
        self._tokens = max(self._tokens, min(self._minimum, self._tokens + refill))
        # Ten tenths add up to a little less than one.
        if self._tokens < 1.0 - 1e-9:
            return False
        self._tokens -= 1.0
        return True


class Retry:
    """A policy for safe methods with at most `attempts` attempts, the first included.

    Policies of one service share its budget. The delay is drawn between half and all of
    `RETRY_DELAY`, and is never shorter than the service's Retry-After.
    """

    def __init__(
        self,
        budget: RetryBudget,
        *,
        attempts: int = 2,
        observer: Observer | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random,
    ) -> None:
        self._budget = budget
        self._attempts = attempts
        self._observer = observer or Observer()
        self._sleep = sleep
        self._jitter = jitter

    def __call__(self, send: Send) -> Send:
        async def persistent(call: Call) -> DownstreamResponse:
            if call.deadline.left() < MIN_ATTEMPT_SECONDS:
                notify(self._observer.refused, call, "deadline")
                raise DownstreamTimeout(call.service, reason="no_time_to_ask", sent=False)
            self._budget.earn()
            sent = False
            while True:
                try:
                    return await send(call)
                except DownstreamError as error:
                    # Sent, if any attempt may have been sent.
                    sent = error.sent = sent or error.sent
                    if not await self._waited_for_retry(call, error):
                        raise
                call = replace(call, attempt=call.attempt + 1)

        return persistent

    async def _waited_for_retry(self, call: Call, error: DownstreamError) -> bool:
        """Wait until the next attempt is due; False when there must be none."""
        if isinstance(error, DownstreamRefused):
            may_pass = error.upstream_status == 429 and error.retry_after is not None
        else:
            may_pass = not isinstance(error, CircuitOpen | DownstreamSaturated)
        if call.attempt >= self._attempts or not call.safe or not may_pass:
            return False
        longest = min(MAX_RETRY_DELAY, RETRY_DELAY * 2.0 ** (call.attempt - 1))
        delay = max(longest * (1 + self._jitter()) / 2, error.retry_after or 0.0)
        if call.deadline.left() - delay < MIN_ATTEMPT_SECONDS:
            notify(self._observer.retried, call, "denied_deadline")
            return False
        if not self._budget.spend():
            notify(self._observer.retried, call, "denied_budget")
            return False
        await self._sleep(delay)
        # A sleep may overrun; then the failure is a better answer than a late attempt.
        if call.deadline.left() < MIN_ATTEMPT_SECONDS:
            notify(self._observer.retried, call, "denied_deadline")
            return False
        notify(self._observer.retried, call, error.code.lower())
        return True
