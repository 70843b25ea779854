"""Prometheus metrics of one service: fixed names, bounded labels."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_LATENCIES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)


class Metrics:
    """Owns its registry, so that two services in one test do not share counts."""

    def __init__(self, prefix: str) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            f"{prefix}_http_requests_total",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.latency = Histogram(
            f"{prefix}_http_request_duration_seconds",
            "From the first byte in to the last byte out.",
            ("method", "route"),
            buckets=_LATENCIES,
            registry=self.registry,
        )
        self.in_flight = Gauge(
            f"{prefix}_http_requests_in_flight", "Requests being answered.", registry=self.registry
        )
        self.calls = Counter(
            f"{prefix}_downstream_calls_total",
            "Calls to a downstream service, by how they ended.",
            ("service", "operation", "outcome"),
            registry=self.registry,
        )
        self.call_latency = Histogram(
            f"{prefix}_downstream_call_duration_seconds",
            "Attempts sent to a downstream service.",
            ("service", "operation"),
            buckets=_LATENCIES,
            registry=self.registry,
        )
        self.salvaged = Counter(
            f"{prefix}_downstream_salvaged_total",
            "Answers that only the lenient decoder could read.",
            ("service", "operation"),
            registry=self.registry,
        )
        self.parts = Counter(
            f"{prefix}_screen_parts_total",
            "Parts of composed answers, by status.",
            ("screen", "part", "status"),
            registry=self.registry,
        )
        self._answers = _Labelled(self.requests)
        self._outcomes = _Labelled(self.calls)
        self._part_statuses = _Labelled(self.parts)

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
