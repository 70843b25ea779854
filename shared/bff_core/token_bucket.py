"""Rate limiting in memory: a bounded number of token buckets."""

from collections.abc import Hashable
from typing import Generic, TypeVar

from cachetools import LRUCache

from bff_core.clock import Clock

K = TypeVar("K", bound=Hashable)

_ROUNDING = 1e-9
"""Floats that add up to one token may be this much less."""


class TokenBuckets(Generic[K]):
    """Token buckets by key, each refilled evenly with `capacity` tokens in `period` seconds.

    No method awaits, so concurrent tasks never take the same token. Beyond `max_keys` buckets the
    least recently used one is forgotten, which fills it.
    """

    def __init__(
        self, clock: Clock, *, capacity: int, period: float = 60.0, max_keys: int = 10_000
    ) -> None:
        self._clock = clock
        self._capacity = float(capacity)
        self._tokens_per_second = capacity / period
        self._buckets: LRUCache[K, tuple[float, float]] = LRUCache(max_keys)

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: K) -> float:
        """Take a token; seconds until there is one when the bucket is empty, else 0."""
        tokens = self._tokens(key)
        if tokens < 1.0 - _ROUNDING:
            return (1.0 - tokens) / self._tokens_per_second
        self._buckets[key] = (tokens - 1.0, self._clock.monotonic())
        return 0.0

    def give_back(self, key: K) -> None:
        """Return a token."""
        tokens = self._tokens(key) + 1.0
        if tokens < self._capacity:
            self._buckets[key] = (tokens, self._clock.monotonic())
        else:
            # A full bucket is as good as a new one.
            self._buckets.pop(key, None)

    def _tokens(self, key: K) -> float:
        now = self._clock.monotonic()
        tokens, since = self._buckets.get(key, (self._capacity, now))
        return min(self._capacity, tokens + (now - since) * self._tokens_per_second)
