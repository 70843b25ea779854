"""Making metrics of one prefix and registry, and counting by label without the library's lock."""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

LATENCIES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
_BOUNDS = (*(str(bound) for bound in LATENCIES), "+Inf")


class Labelled(Collector):
    """A counter that is a plain number a label set: the library's takes a lock at each count.

    Counted on the event loop's thread alone, read by the scrape, which runs there too.
    """

    def __init__(self, name: str, says: str, labels: tuple[str, ...]) -> None:
        self._name = name.removesuffix("_total")
        self._says = says
        self._labelnames = labels
        self._counts: dict[tuple[str, ...], int] = {}

    def count(self, *labels: str) -> None:
        self._counts[labels] = self._counts.get(labels, 0) + 1

    def describe(self) -> Iterable[Metric]:
        return [CounterMetricFamily(self._name, self._says, labels=self._labelnames)]

    def collect(self) -> Iterable[Metric]:
        family = CounterMetricFamily(self._name, self._says, labels=self._labelnames)
        for labels, count in self._counts.items():
            family.add_metric(labels, count)
        return [family]


class Timed(Collector):
    """A histogram of seconds, made in the same way."""

    def __init__(self, name: str, says: str, labels: tuple[str, ...]) -> None:
        self._name = name
        self._says = says
        self._labelnames = labels
        self._held: dict[tuple[str, ...], _Times] = {}

    def observe(self, seconds: float, *labels: str) -> None:
        times = self._held.get(labels)
        if times is None:
            times = self._held[labels] = _Times()
        times.counts[bisect_left(LATENCIES, seconds)] += 1
        times.seconds += seconds

    def describe(self) -> Iterable[Metric]:
        return [HistogramMetricFamily(self._name, self._says, labels=self._labelnames)]

    def collect(self) -> Iterable[Metric]:
        family = HistogramMetricFamily(self._name, self._says, labels=self._labelnames)
        for labels, times in self._held.items():
            counts = accumulate(times.counts)
            family.add_metric(labels, list(zip(_BOUNDS, counts, strict=True)), times.seconds)
        return [family]


class _Times:
    """How many fell between each bound and the one before it, beyond the last included."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * len(_BOUNDS)
        self.seconds = 0.0


class MetricMaker:
    """Names every metric after its service and keeps it in one registry."""

    def __init__(self, prefix: str, registry: CollectorRegistry) -> None:
        self._prefix = prefix
        self._registry = registry

    def counter(self, name: str, says: str, *labels: str) -> Labelled:
        counter = Labelled(f"{self._prefix}_{name}", says, labels)
        self._registry.register(counter)
        return counter

    def plain_counter(self, name: str, says: str) -> Counter:
        return Counter(f"{self._prefix}_{name}", says, registry=self._registry)

    def histogram(self, name: str, says: str, *labels: str) -> Timed:
        histogram = Timed(f"{self._prefix}_{name}", says, labels)
        self._registry.register(histogram)
        return histogram

    def gauge(self, name: str, says: str, *labels: str) -> Gauge:
        return Gauge(f"{self._prefix}_{name}", says, labels, registry=self._registry)
