"""Allowances in this process's memory: exact, bounded, forgotten with the process."""

import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from bff_core.clock import Clock
from bff_core.errors import RateLimited
from services.gateway.protocols import Limit


@dataclass(frozen=True, slots=True)
class Rate:
    """`amount` requests at once, then evenly as many in `period` seconds."""

    amount: int
    period: float = 60.0

    @property
    def step(self) -> float:
        """Seconds until one more request is allowed."""
        return self.period / self.amount


def refused(wait: float) -> RateLimited:
    """`wait` in seconds until the next request is allowed."""
    return RateLimited(retry_after=max(1.0, math.ceil(wait)))


class MemoryAllowances:
    """One moment per subject: when its allowance will be whole again.

    Nothing is awaited between reading and writing it, so concurrent requests never share one.
    Subjects that were quiet longest are forgotten first, at most `remembers` are kept.
    """

    def __init__(
        self, rates: Mapping[Limit, Rate], clock: Clock, *, remembers: int = 100_000
    ) -> None:
        self._rates = rates
        self._clock = clock
        self._remembers = remembers
        self._whole_at: OrderedDict[tuple[Limit, str], float] = OrderedDict()

    async def take(self, limit: Limit, subject: str) -> None:
        self.take_now(limit, subject)

    def take_now(self, limit: Limit, subject: str) -> None:
        rate = self._rates[limit]
        now = self._clock.monotonic()
        key = (limit, subject)
        whole_at = max(self._whole_at.get(key, now), now) + rate.step
        wait = whole_at - now - rate.period
        # A hair of rounding must not refuse the last of an allowance.
        if wait > 1e-6:
            raise refused(wait)
        self._whole_at[key] = whole_at
        self._whole_at.move_to_end(key)
        if len(self._whole_at) > self._remembers:
            self._whole_at.popitem(last=False)
