"""The counts of a circuit breaker: calls, failures and slow calls of the last seconds."""

from collections.abc import Iterable


class BreakerWindow:
    """Calls, failures and slow calls within the last `seconds`, to the precision of a bucket.

    Its size is fixed, whatever the traffic.
    """

    def __init__(self, seconds: float, buckets: int) -> None:
        self._bucket_seconds = seconds / buckets
        self._tick = 0
        self._calls = [0] * buckets
        self._failures = [0] * buckets
        self._slow = [0] * buckets
        self.calls = self.failures = self.slow = 0

    def record(self, now: float, *, failed: bool, slow: bool) -> None:
        """Count a call that ended at `now`, on the monotonic clock."""
        tick = int(now / self._bucket_seconds)
        size = len(self._calls)
        if tick > self._tick:
            expired = min(tick - self._tick, size)
            self._tick = tick
            self._clear((tick - back) % size for back in range(expired))
        bucket = self._tick % size
        self._calls[bucket] += 1
        self._failures[bucket] += failed
        self._slow[bucket] += slow
        self.calls += 1
        self.failures += failed
        self.slow += slow

    def clear(self) -> None:
        self._clear(range(len(self._calls)))

    def _clear(self, buckets: Iterable[int]) -> None:
        for bucket in buckets:
            self.calls -= self._calls[bucket]
            self.failures -= self._failures[bucket]
            self.slow -= self._slow[bucket]
            self._calls[bucket] = self._failures[bucket] = self._slow[bucket] = 0
