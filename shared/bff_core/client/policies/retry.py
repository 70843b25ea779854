"""Asks again when that may help, costs little and still fits the deadline."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import random

from msgspec.structs import replace

from bff_core.client.call import LEAST_ATTEMPT, Call, DownstreamResponse, Send
from bff_core.client.policies.observer import UNOBSERVED, Observer, notify
from bff_core.client.policies.retry_budget import RetryBudget
from bff_core.errors import (
    CircuitOpen,
    DownstreamError,
    DownstreamRefused,
    DownstreamSaturated,
    DownstreamTimeout,
)

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class RetryOptions:
    """Times in seconds; `attempts` counts the first one.

    The pause before a retry is drawn between half and all of `pause`, which doubles up to
    `pause_cap`. No attempt starts with less than `least_attempt` left of the deadline.
    """

    attempts: int = 2
    pause: float = 0.05
    pause_cap: float = 1.0
    least_attempt: float = LEAST_ATTEMPT


class Retry:
    """A policy; policies of one downstream share its budget."""

    def __init__(
        self,
        budget: RetryBudget,
        options: RetryOptions | None = None,
        *,
        observer: Observer = UNOBSERVED,
        sleep: Sleep = asyncio.sleep,
        jitter: Callable[[], float] = random,
    ) -> None:
        self._budget = budget
        self._options = options or RetryOptions()
        self._observer = observer
        self._sleep = sleep
        self._jitter = jitter

    def __call__(self, send: Send) -> Send:
        async def persistent(call: Call) -> DownstreamResponse:
            self._require_time(call)
            self._budget.earn()
            attempt = 1
            while True:
                try:
                    return await send(call if attempt == 1 else replace(call, attempt=attempt))
                except DownstreamError as error:
                    if not await self._paused(call, attempt, error):
                        raise
                attempt += 1

        return persistent

    def _require_time(self, call: Call) -> None:
        if not self._fits(call):
            notify(self._observer.refused, call, "deadline")
            raise DownstreamTimeout(call.service, reason="no_time_to_ask", sent=False)

    def _fits(self, call: Call, after: float = 0.0) -> bool:
        """Whether an attempt that starts in so many seconds is worth starting."""
        return call.deadline.left() - after >= self._options.least_attempt

    async def _paused(self, call: Call, attempt: int, error: DownstreamError) -> bool:
        """Whether to ask again; waits for the moment to do so."""
        pause = self._pause(attempt, error)
        if not self._worth_it(call, attempt, error, pause):
            return False
        await self._sleep(pause)
        # A sleep may overrun, and then the failure is a better answer than a late attempt.
        if not self._fits(call):
            notify(self._observer.retry_denied, call, "deadline")
            return False
        notify(self._observer.retried, call, error)
        return True

    def _pause(self, attempt: int, error: DownstreamError) -> float:
        """Half of it is certain, half is drawn; never sooner than the service asked for."""
        longest = min(self._options.pause_cap, self._options.pause * 2.0 ** (attempt - 1))
        return max(longest * (1 + self._jitter()) / 2, error.retry_after or 0.0)

    def _worth_it(self, call: Call, attempt: int, error: DownstreamError, pause: float) -> bool:
        if attempt >= self._options.attempts or not (call.safe and call.idempotent):
            return False
        if not _may_pass(error):
            return False
        if not self._fits(call, after=pause):
            notify(self._observer.retry_denied, call, "deadline")
            return False
        if not self._budget.spend():
            notify(self._observer.retry_denied, call, "budget")
            return False
        return True


def _may_pass(error: DownstreamError) -> bool:
    """Whether asking again may be answered otherwise."""
    if isinstance(error, DownstreamRefused):
        return error.upstream_status == 429 and error.retry_after is not None
    return not isinstance(error, CircuitOpen | DownstreamSaturated)
