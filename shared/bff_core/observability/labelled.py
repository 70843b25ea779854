"""Making metrics of one prefix and registry, and counting by label without the library's lock."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

LATENCIES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)


class Labelled:
    """A counter whose children are kept by hand: the library takes a lock at each look-up."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._children: dict[tuple[str, ...], Counter] = {}

    def count(self, *labels: str) -> None:
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = self._counter.labels(*labels)
        child.inc()


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
        return Labelled(Counter(f"{self._prefix}_{name}", says, labels, registry=self._registry))

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
