"""Counts of the last seconds, in buckets of time that are forgotten one by one."""

from collections.abc import Iterable


class Window:
    """Calls, failures and slow calls within the last `seconds`, to a bucket's precision.

    Its size is fixed, whatever the traffic.
    """

    __slots__ = ("_calls", "_failures", "_slow", "_tick", "_width", "calls", "failures", "slow")

    def __init__(self, seconds: float, buckets: int) -> None:
        self._width = seconds / buckets
        self._tick = 0
        self._calls = [0] * buckets
        self._failures = [0] * buckets
        self._slow = [0] * buckets
        self.calls = self.failures = self.slow = 0

    def record(self, now: float, *, failed: bool, slow: bool) -> None:
        """Count one call that ended at `now`, on the monotonic clock."""
        tick = int(now / self._width)
        if tick > self._tick:
            self._move_to(tick)
        at = self._tick % len(self._calls)
        self._calls[at] += 1
        self.calls += 1
        if failed:
            self._failures[at] += 1
            self.failures += 1
        if slow:
            self._slow[at] += 1
            self.slow += 1

    def clear(self) -> None:
        """Forget everything."""
        self._forget(range(len(self._calls)))

    def _move_to(self, tick: int) -> None:
        size = len(self._calls)
        entered = min(tick - self._tick, size)
        self._tick = tick
        self._forget((tick - back) % size for back in range(entered))

    def _forget(self, buckets: Iterable[int]) -> None:
        for at in buckets:
            self.calls -= self._calls[at]
            self.failures -= self._failures[at]
            self.slow -= self._slow[at]
            self._calls[at] = self._failures[at] = self._slow[at] = 0
