"""Rate limits: the port, and token buckets in this process's memory."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bff_core.clock import Clock
from bff_core.errors import RateLimited
from bff_core.token_bucket import TokenBuckets
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
    """Token buckets in memory; each limit keeps the `max_keys` most recently used keys."""

    def __init__(
        self, rates: Mapping[RateLimit, Rate], clock: Clock, *, max_keys: int = 100_000
    ) -> None:
        self._buckets: Mapping[RateLimit, TokenBuckets[str]] = {
            limit: TokenBuckets(clock, capacity=rate.amount, period=rate.period, max_keys=max_keys)
            for limit, rate in rates.items()
        }

    async def acquire(self, limit: RateLimit, key: str) -> None:
        wait = self._buckets[limit].take(key)
        if wait > 0:
            raise rate_limited(wait)
