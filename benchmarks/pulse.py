"""Whether the machine itself is at its usual speed, moment by moment.

A shared machine may fall to a tenth of its speed for 20 to 100 ms, all its cores at once and whatever
runs on them, or take a core away for as long; what is measured then is the machine. So a small piece
of work that is always the same is timed every few milliseconds on the thread's own CPU clock, and
what falls into slow moments does not count. Nothing of what is measured has a say in that.
"""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

EVERY = 0.003
STEPS = 600
"""Of the piece of work: some 25 µs, a hundredth of one core."""
SLOW = 2.0
"""Times the usual, which the quickest quarter takes at the most: neighbours come and go."""
GAP = 0.015
"""Seconds without a beat that no work of the callers takes."""
FEW = 20
_STAT = Path("/proc/stat")


class Beat(NamedTuple):
    """When it was, how long its work took, and what had been taken of all cores, in ticks."""

    at: float
    took: float
    stolen: int


class Pulse:
    """Beats on the event loop of the callers."""

    def __init__(self) -> None:
        self._beats: list[Beat] = []

    async def beat(self) -> None:
        """Until cancelled."""
        while True:
            self._beats.append(Beat(time.perf_counter(), _work(), _stolen()))
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


def slow_moments(beats: Sequence[Beat]) -> Moments:
    """Both ends of each slow step; few beats tell nothing.

    One that is late alone has been interrupted, which is nothing to do with speed.
    """
    if len(beats) < FEW:
        return Moments([])
    bound = SLOW * quantiles((beat.took for beat in beats), n=4)[0]
    steps = [pair for pair in pairwise(beats) if _is_slow(*pair, bound)]
    return Moments(sorted({beat.at for step in steps for beat in step}))


def _is_slow(one: Beat, other: Beat, bound: float) -> bool:
    slowed = min(one.took, other.took) > bound
    return slowed or other.at - one.at > GAP or other.stolen > one.stolen


def _work() -> float:
    began, count = time.thread_time(), 0
    for step in range(STEPS):
        count += step
    return time.thread_time() - began


def _stolen() -> int:
    """What the machine beneath this one has taken of its cores, in ticks of 10 ms."""
    fields = _STAT.read_bytes().partition(b"\n")[0].split()
    return int(fields[8]) if len(fields) > 8 else 0
