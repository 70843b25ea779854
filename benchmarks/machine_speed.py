"""Times at which the machine itself was slow, found by timing a constant piece of work.

A shared machine may fall to a tenth of its speed for 20 to 100 ms, or lose a core for as long. The
load generator therefore runs the same short loop every few milliseconds and times it on the thread's
own CPU clock. Measurements that fall into slow times are left out. The process under test has no
influence on this.
"""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

PROBE_EVERY = 0.003
LOOP_STEPS = 600
"""Some 25 µs of work, a hundredth of a core."""
SLOW_FACTOR = 2.0
"""A probe is slow above this multiple of the quickest quarter of all probes."""
MAX_GAP = 0.015
"""Seconds without a probe that the load generator's own work cannot explain."""
MIN_PROBES = 20
_CPU_STATISTICS = Path("/proc/stat")


class Probe(NamedTuple):
    """One timed loop: its time, its CPU seconds, and the ticks stolen from all cores so far."""

    at: float
    seconds: float
    stolen: int


class Intervals:
    """Disjoint intervals of time in ascending order."""

    def __init__(self, intervals: Iterable[tuple[float, float]] = ()) -> None:
        self._intervals: list[tuple[float, float]] = []
        for begin, end in sorted(intervals):
            if self._intervals and begin <= self._intervals[-1][1]:
                first, last = self._intervals[-1]
                self._intervals[-1] = (first, max(end, last))
            else:
                self._intervals.append((begin, end))

    def __iter__(self) -> Iterator[tuple[float, float]]:
        return iter(self._intervals)

    def overlaps(self, begin: float, end: float) -> bool:
        """True if any interval overlaps these two moments, which may be the same."""
        first = bisect_left(self._intervals, begin, key=lambda interval: interval[1])
        return first < len(self._intervals) and self._intervals[first][0] <= end

    def widened(self, *, before: float, after: float) -> "Intervals":
        """Every interval with `before` ahead of it, and its own length plus `after` behind it.

        At half load a backlog takes as long to work off as it took to build up.
        """
        return Intervals(
            (begin - before, end + (end - begin) + after) for begin, end in self._intervals
        )


class MachineSpeed:
    """Probes the machine on the event loop of the load generator."""

    def __init__(self) -> None:
        self._probes: list[Probe] = []

    async def run(self) -> None:
        """Probe until cancelled."""
        while True:
            self._probes.append(Probe(time.perf_counter(), timed_loop(), _stolen_ticks()))
            await asyncio.sleep(PROBE_EVERY)

    def slow_intervals(self) -> Intervals:
        return slow_intervals(self._probes)


def slow_intervals(probes: Sequence[Probe]) -> Intervals:
    """The intervals between probes in which the machine was slow; none for too few probes."""
    if len(probes) < MIN_PROBES:
        return Intervals()
    limit = SLOW_FACTOR * quantiles((probe.seconds for probe in probes), n=4)[0]

    def is_slow(one: Probe, other: Probe) -> bool:
        # A single slow probe was interrupted; two in a row ran at a lower speed.
        slowed = min(one.seconds, other.seconds) > limit
        return slowed or other.at - one.at > MAX_GAP or other.stolen > one.stolen

    steps = pairwise(probes)
    return Intervals((one.at, other.at) for one, other in steps if is_slow(one, other))


def timed_loop() -> float:
    """Run the constant piece of work; returns its CPU seconds."""
    began, count = time.thread_time(), 0
    for step in range(LOOP_STEPS):
        count += step
    return time.thread_time() - began


def _stolen_ticks() -> int:
    """CPU time that the hypervisor took from all cores, in ticks of 10 ms."""
    fields = _CPU_STATISTICS.read_bytes().partition(b"\n")[0].split()
    return int(fields[8]) if len(fields) > 8 else 0
