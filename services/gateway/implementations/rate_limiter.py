"""Rate limits: the port, and token buckets in this process's memory."""

import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bff_core.clock import Clock
from bff_core.errors import RateLimited
from services.gateway.route_table import RateLimit


class RateLimiter(Protocol):
    async def acquire(self, limit: RateLimit, key: str) -> None:
        """Count one request of `key`; concurrent requests never share a token.

        Raises:
            RateLimited: No token is left; `retry_after` is the time until there is one.
        """
        ...


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket of `amount` tokens, refilled evenly within `period` seconds."""

    amount: int
    period: float = 60.0

    @property
    def refill_interval(self) -> float:
        """Seconds until the bucket holds one more token."""
        return self.period / self.amount


def rate_limited(wait: float) -> RateLimited:
    """The error for a request that is allowed in `wait` seconds."""
    return RateLimited(retry_after=max(1.0, math.ceil(wait)))


class MemoryRateLimiter:
    """Token buckets in memory, each stored as the time at which it is full again.

    The least recently used keys are dropped beyond `max_keys`.
    """

    def __init__(
        self, rates: Mapping[RateLimit, Rate], clock: Clock, *, max_keys: int = 100_000
    ) -> None:
        self._rates = rates
        self._clock = clock
        self._max_keys = max_keys
        self._full_at: OrderedDict[tuple[RateLimit, str], float] = OrderedDict()

    async def acquire(self, limit: RateLimit, key: str) -> None:
        # Nothing is awaited between reading and writing, so concurrent requests share no token.
        rate = self._rates[limit]
        now = self._clock.monotonic()
        full_at = max(self._full_at.get((limit, key), now), now) + rate.refill_interval
        wait = full_at - now - rate.period
        # A rounding error must not refuse the last token.
        if wait > 1e-6:
            raise rate_limited(wait)
        self._full_at[limit, key] = full_at
        self._full_at.move_to_end((limit, key))
        if len(self._full_at) > self._max_keys:
            self._full_at.popitem(last=False)
