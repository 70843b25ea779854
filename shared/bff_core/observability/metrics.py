"""Prometheus metrics of one service: fixed names, bounded labels."""

from collections.abc import Callable
from functools import partial

from prometheus_client import CollectorRegistry, generate_latest

from bff_core.observability.failures import FailureMetrics
from bff_core.observability.labelled import MetricMaker
from bff_core.observability.policies import PolicyMetrics
from bff_core.observability.runtime import watch_runtime


class Metrics:
    """Owns its registry, so that two services in one test do not share counts.

    `make` makes what only one service measures.
    """

    def __init__(self, prefix: str) -> None:
        self.registry = CollectorRegistry()
        make = self.make = MetricMaker(prefix, self.registry)
        watch_runtime(make, self.registry)
        self.policies = PolicyMetrics(make)
        self.in_flight = make.gauge("http_requests_in_flight", "Requests being answered.")
        self.ready = make.gauge(
            "ready", "1 while requests are welcome, 0 while the process starts or drains."
        )
        self.failures = FailureMetrics(make)
        self.shed = make.plain_counter("http_requests_shed_total", "Requests refused at the door.")
        self._requests = make.counter(
            "http_requests_total", "Requests answered.", "method", "route", "status"
        )
        self._request_seconds = make.histogram(
            "http_request_duration_seconds",
            "From the first byte in to the last byte out.",
            "method",
            "route",
        )
        self.parts = make.counter(
            "screen_parts_total", "Parts of composed answers.", "screen", "part", "status"
        )
        self._calls = make.counter(
            "downstream_calls_total",
            "Attempts at calls to a downstream service, by how they ended.",
            "service",
            "operation",
            "outcome",
        )
        self._call_seconds = make.histogram(
            "downstream_call_duration_seconds", "How long attempts took.", "service", "operation"
        )
        self._salvaged = make.counter(
            "downstream_salvaged_total",
            "Answers that only the lenient decoder could read.",
            "service",
            "operation",
        )

    def render(self) -> bytes:
        """The text format that Prometheus scrapes."""
        return generate_latest(self.registry)

    def observe_call(self, service: str, operation: str, outcome: str, seconds: float) -> None:
        """Count one attempt at a downstream call and how long it took."""
        self._calls.count(service, operation, outcome)
        self._call_seconds.observe(seconds, service, operation)

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request; `route` is the template, never the path."""
        self._requests.count(method, route, str(status))
        self._request_seconds.observe(seconds, method, route)

    def salvaged(self, service: str, operation: str) -> Callable[[], None]:
        """What counts one answer that only the lenient decoder could read."""
        return partial(self._salvaged.count, service, operation)
