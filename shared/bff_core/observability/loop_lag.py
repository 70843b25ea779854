"""Measures for how long the event loop runs nothing of what is due."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

INTERVAL_SECONDS = 0.1
LEAST_LAG_SECONDS = 0.05
"""Shorter lags are normal scheduling."""
WINDOW_SECONDS = 60.0
MAX_LAGS = 256


class LoopLag:
    """A timer of the event loop that notes by how much it fired late.

    `now` is the monotonic clock. Until `start` there is no lag.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._lags: deque[tuple[float, float]] = deque(maxlen=MAX_LAGS)

    def start(self) -> None:
        """Measure the running loop until `stop`."""
        self.stop()
        self._schedule()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._due = None

    def since(self, moment: float) -> float:
        """Seconds for which the loop was late since a moment of the clock."""
        ended = sum(min(late, end - moment) for end, late in self._lags if end > moment)
        return ended + min(self._overdue(), max(0.0, self._now() - moment))

    def longest(self) -> float:
        """Seconds of the longest lag in the last minute."""
        oldest = self._now() - WINDOW_SECONDS
        return max((late for end, late in self._lags if end > oldest), default=self._overdue())

    def _schedule(self) -> None:
        self._due = self._now() + INTERVAL_SECONDS
        self._timer = asyncio.get_running_loop().call_later(INTERVAL_SECONDS, self._fire)

    def _fire(self) -> None:
        late = self._overdue()
        if late:
            self._lags.append((self._now(), late))
        self._schedule()

    def _overdue(self) -> float:
        """The lag of a timer that has not fired yet."""
        late = 0.0 if self._due is None else self._now() - self._due
        return late if late >= LEAST_LAG_SECONDS else 0.0
