"""Prometheus metrics of one service: fixed names, bounded labels."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_LATENCIES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)


class Metrics:
    """Owns its registry, so that two services in one test do not share counts."""

    def __init__(self, prefix: str) -> None:
        self.registry = CollectorRegistry()
        self._prefix = prefix
        self._watch_requests()
        self._watch_calls()

    def _watch_requests(self) -> None:
        self.requests = self._counter(
            "http_requests_total", "Requests answered.", "method", "route", "status"
        )
        self.latency = self._histogram(
            "http_request_duration_seconds",
            "From the first byte in to the last byte out.",
            "method",
            "route",
        )
        self.in_flight = Gauge(
            f"{self._prefix}_http_requests_in_flight",
            "Requests being answered.",
            registry=self.registry,
        )
        self.parts = self._counter(
            "screen_parts_total", "Parts of composed answers.", "screen", "part", "status"
        )
        self._answers = _Labelled(self.requests)
        self._part_statuses = _Labelled(self.parts)

    def _watch_calls(self) -> None:
        self.calls = self._counter(
            "downstream_calls_total",
            "Attempts at calls to a downstream service, by how they ended.",
            "service",
            "operation",
            "outcome",
        )
        self.call_latency = self._histogram(
            "downstream_call_duration_seconds", "How long attempts took.", "service", "operation"
        )
        self.salvaged = self._counter(
            "downstream_salvaged_total",
            "Answers that only the lenient decoder could read.",
            "service",
            "operation",
        )
        self._outcomes = _Labelled(self.calls)

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(f"{self._prefix}_{name}", says, labels, registry=self.registry)

    def _histogram(self, name: str, says: str, *labels: str) -> Histogram:
        return Histogram(
            f"{self._prefix}_{name}", says, labels, buckets=_LATENCIES, registry=self.registry
        )

    def render(self) -> bytes:
        """The text format that Prometheus scrapes."""
        return generate_latest(self.registry)

    def count_part(self, screen: str, part: str, status: str) -> None:
        self._part_statuses.count(screen, part, status)

    def observe_call(self, service: str, operation: str, outcome: str, seconds: float) -> None:
        """Count one attempt at a downstream call and how long it took."""
        self._outcomes.count(service, operation, outcome)
        self.call_latency.labels(service, operation).observe(seconds)

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request; `route` is the template, never the path."""
        self._answers.count(method, route, str(status))
        self.latency.labels(method, route).observe(seconds)


class _Labelled:
    """A counter's children, kept by hand: the library takes a lock at each look-up."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._children: dict[tuple[str, ...], Counter] = {}

    def count(self, *labels: str) -> None:
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = self._counter.labels(*labels)
        child.inc()
