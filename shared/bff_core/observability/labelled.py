"""Making metrics of one prefix and registry, and counting by label without the library's lock."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

LATENCIES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)


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


class Timed:
    """The same for a histogram."""

    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram
        self._children: dict[tuple[str, ...], Histogram] = {}

    def observe(self, seconds: float, *labels: str) -> None:
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = self._histogram.labels(*labels)
        child.observe(seconds)


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
        return Timed(
            Histogram(
                f"{self._prefix}_{name}", says, labels, buckets=LATENCIES, registry=self._registry
            )
        )

    def gauge(self, name: str, says: str, *labels: str) -> Gauge:
        return Gauge(f"{self._prefix}_{name}", says, labels, registry=self._registry)
