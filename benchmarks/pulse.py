"""Whether the machine itself is at its usual speed, moment by moment.

A shared machine may fall to a tenth of its speed for 20 to 100 ms, all its cores at once and whatever
runs on them, or take a core away for as long; what is measured then is the machine. So a small piece
of work that is always the same is timed every few milliseconds on the thread's own CPU clock, and
what falls into slow moments does not count. Nothing of what is measured has a say in that.
"""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
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
            self._beats.append(Beat(time.perf_counter(), work(), _stolen()))
            await asyncio.sleep(EVERY)

    def slow(self) -> "Spans":
        """When the machine was slow, of all that was seen until now."""
        return slow_spans(self._beats)


class Spans:
    """Stretches of time, each from when until when, in order and apart from each other."""

    def __init__(self, spans: Iterable[tuple[float, float]] = ()) -> None:
        self._spans = _merged(spans)

    def __iter__(self) -> Iterator[tuple[float, float]]:
        return iter(self._spans)

    def meet(self, begin: float, end: float) -> bool:
        """Whether any of them has a moment between these two, which may be the same."""
        first = bisect_left(self._spans, begin, key=lambda span: span[1])
        return first < len(self._spans) and self._spans[first][0] <= end

    def with_what_they_leave(self, *, ahead: float, after: float) -> "Spans":
        """Each from so long before, and until so long after it as it took, and `after` more.

        What came at the end of half a load has waited for as long when all is done.
        """
        return Spans((begin - ahead, end + (end - begin) + after) for begin, end in self)


def _merged(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def slow_spans(beats: Sequence[Beat]) -> Spans:
    """From beat to beat; few of them tell nothing.

    One that is late alone has been interrupted, which is nothing to do with speed.
    """
    if len(beats) < FEW:
        return Spans()
    bound = SLOW * quantiles((beat.took for beat in beats), n=4)[0]
    steps = pairwise(beats)
    return Spans((one.at, other.at) for one, other in steps if _is_slow(one, other, bound))


def _is_slow(one: Beat, other: Beat, bound: float) -> bool:
    slowed = min(one.took, other.took) > bound
    return slowed or other.at - one.at > GAP or other.stolen > one.stolen


def work() -> float:
    """Do the piece of work; the seconds of CPU that it took."""
    began, count = time.thread_time(), 0
    for step in range(STEPS):
        count += step
    return time.thread_time() - began


def _stolen() -> int:
    """What the machine beneath this one has taken of its cores, in ticks of 10 ms."""
    fields = _STAT.read_bytes().partition(b"\n")[0].split()
    return int(fields[8]) if len(fields) > 8 else 0
