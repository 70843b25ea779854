"""What callers saw in one turn of load, and what it cost the process that they asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median, quantiles

from benchmarks.pulse import Spans

SETTLES = 0.25
AHEAD = 0.05
"""Seconds after and before a slow stretch in which an answer may be late because of it."""
LEAST = 100
"""Answers of which a hundredth part can be told."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was done and spent at one moment; `spent` in seconds of CPU."""

    at: float
    answers: int
    spent: float


@dataclass
class Run:
    """Answers, each with the moment it was due and the seconds it took.

    Figures are of the moments at which the machine was at its usual speed; of all moments, if there
    were next to none of those.
    """

    due: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    slow: Spans = field(default_factory=Spans)
    refused: int = 0

    def note(self, due: float, took: float) -> None:
        self.due.append(due)
        self.latencies.append(took)

    def look(self, at: float, spent: float) -> None:
        self.looks.append(Look(at, len(self.latencies), spent))

    @property
    def rate(self) -> float:
        """Answers a second."""
        slices = self._slices()
        return _answers(slices) / sum(after.at - before.at for before, after in slices)

    @property
    def cost(self) -> float:
        """Seconds of CPU an answer."""
        slices = self._slices()
        spent = sum(after.spent - before.spent for before, after in slices)
        return spent / max(1, _answers(slices))

    @property
    def stretches(self) -> list[tuple[float, float]]:
        """When `rate` and `cost` were measured."""
        return [(before.at, after.at) for before, after in self._slices()]

    @property
    def p50(self) -> float:
        return median(self._counting())

    @property
    def p99(self) -> float:
        return quantiles(self._counting(), n=100)[98]

    @property
    def p99_of_all(self) -> float:
        """Slow moments of the machine included."""
        return quantiles(self.latencies, n=100)[98]

    @property
    def quiet(self) -> float:
        """The share of the answers that came while the machine was not slow."""
        return len(self._quiet()) / len(self.latencies)

    def _counting(self) -> list[float]:
        found = self._quiet()
        return found if len(found) >= LEAST else self.latencies

    def _quiet(self) -> list[float]:
        disturbed = self.slow.with_what_they_leave(ahead=AHEAD, after=SETTLES)
        pairs = zip(self.due, self.latencies, strict=True)
        return [took for due, took in pairs if not disturbed.meet(due, due)]

    def _slices(self) -> Sequence[tuple[Look, Look]]:
        pairs = list(pairwise(self.looks))
        return [one for one in pairs if not self.slow.meet(one[0].at, one[1].at)] or pairs


def _answers(slices: Sequence[tuple[Look, Look]]) -> int:
    return sum(after.answers - before.answers for before, after in slices)
