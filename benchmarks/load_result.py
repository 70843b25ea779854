"""Latencies of one turn of load, and the CPU it cost the process under test."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median, quantiles

from benchmarks.machine_speed import Intervals

BEFORE_SLOW, AFTER_SLOW = 0.05, 0.25
"""Seconds around a slow interval in which a response may be late because of it."""
MIN_RESPONSES = 100
"""Fewer responses have no 99th percentile."""


@dataclass(frozen=True, slots=True)
class CpuSample:
    """Responses and CPU seconds up to one moment."""

    at: float
    responses: int
    cpu_seconds: float


@dataclass
class LoadResult:
    """Latencies in seconds, each with the time its request was due.

    Figures leave out the times at which the machine was slow, unless next to nothing is left.
    """

    due: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    samples: list[CpuSample] = field(default_factory=list)
    slow: Intervals = field(default_factory=Intervals)
    errors: int = 0

    def add(self, due: float, latency: float) -> None:
        self.due.append(due)
        self.latencies.append(latency)

    def sample(self, at: float, cpu_seconds: float) -> None:
        self.samples.append(CpuSample(at, len(self.latencies), cpu_seconds))

    @property
    def rate(self) -> float:
        """Responses a second."""
        slices = self._slices()
        return _responses(slices) / sum(after.at - before.at for before, after in slices)

    @property
    def cost(self) -> float:
        """CPU seconds a response."""
        slices = self._slices()
        spent = sum(after.cpu_seconds - before.cpu_seconds for before, after in slices)
        return spent / max(1, _responses(slices))

    @property
    def intervals(self) -> list[tuple[float, float]]:
        """The intervals that `rate` and `cost` are of."""
        return [(before.at, after.at) for before, after in self._slices()]

    @property
    def p50(self) -> float:
        return median(self._counted())

    @property
    def p99(self) -> float:
        return quantiles(self._counted(), n=100)[98]

    @property
    def p99_of_all(self) -> float:
        """The 99th percentile with slow times included."""
        return quantiles(self.latencies, n=100)[98]

    @property
    def quiet(self) -> float:
        """The share of responses outside slow times."""
        return len(self._undisturbed()) / len(self.latencies)

    def _counted(self) -> list[float]:
        found = self._undisturbed()
        return found if len(found) >= MIN_RESPONSES else self.latencies

    def _undisturbed(self) -> list[float]:
        disturbed = self.slow.widened(before=BEFORE_SLOW, after=AFTER_SLOW)
        pairs = zip(self.due, self.latencies, strict=True)
        return [latency for due, latency in pairs if not disturbed.overlaps(due, due)]

    def _slices(self) -> Sequence[tuple[CpuSample, CpuSample]]:
        pairs = list(pairwise(self.samples))
        return [pair for pair in pairs if not self.slow.overlaps(pair[0].at, pair[1].at)] or pairs


def _responses(slices: Sequence[tuple[CpuSample, CpuSample]]) -> int:
    return sum(after.responses - before.responses for before, after in slices)
