"""Whether the machine itself is at its usual speed, moment by moment.

A shared machine may fall to a tenth of its speed for 20 to 100 ms, all its cores at once and whatever
runs on them; what is measured then is the machine. So a small piece of work that is always the same
is timed every few milliseconds on the thread's own CPU clock, and what falls into slow moments does
not count. Nothing of what is measured has a say in that.
"""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from statistics import quantiles

EVERY = 0.003
STEPS = 600
"""Of the piece of work: some 25 µs, a hundredth of one core."""
SLOW = 2.0
"""Times the usual, which the quickest quarter takes at the most: neighbours come and go."""
FEW = 20


class Pulse:
    """Beats on the event loop of the callers."""

    def __init__(self) -> None:
        self._beats: list[tuple[float, float]] = []

    async def beat(self) -> None:
        """Until cancelled."""
        while True:
            self._beats.append((time.perf_counter(), _one()))
            await asyncio.sleep(EVERY)

    def slow_moments(self) -> "Moments":
        """When the machine was slow, of all that was seen until now."""
        return slow_moments(self._beats)


class Moments:
    """Points in time, in order."""

    def __init__(self, at: Sequence[float]) -> None:
        self._at = at

    def __len__(self) -> int:
        return len(self._at)

    def spare(self, begin: float, end: float) -> bool:
        """Whether none lies between."""
        next_one = bisect_left(self._at, begin)
        return next_one == len(self._at) or self._at[next_one] > end


def slow_moments(beats: Sequence[tuple[float, float]]) -> Moments:
    """Of beats, each when it was and how long it took; few of them tell nothing.

    One that is late alone has been interrupted, which is nothing to do with speed.
    """
    if len(beats) < FEW:
        return Moments([])
    bound = SLOW * quantiles((took for _, took in beats), n=4)[0]
    pairs = pairwise(beats)
    return Moments([at for (at, took), (_, next_took) in pairs if min(took, next_took) > bound])


def _one() -> float:
    began, count = time.thread_time(), 0
    for step in range(STEPS):
        count += step
    return time.thread_time() - began
