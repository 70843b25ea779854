"""Prometheus metrics of one service: fixed names, bounded labels."""

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
"""Seconds."""
LAG_INTERVAL_SECONDS = 0.1
LEAST_LAG_SECONDS = 0.05
"""Shorter lags are normal scheduling."""
LAG_WINDOW_SECONDS = 60.0
MAX_LAGS = 256

M = TypeVar("M", Counter, Histogram)

_WORD = re.compile(r"[a-z_]{1,32}")


class MetricMaker:
    """Names every metric after its service and keeps it in one registry."""

    def __init__(self, prefix: str, registry: CollectorRegistry) -> None:
        self._prefix = prefix
        self._registry = registry

    def counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(f"{self._prefix}_{name}", documentation, labels, registry=self._registry)

    def gauge(self, name: str, documentation: str, *labels: str) -> Gauge:
        return Gauge(f"{self._prefix}_{name}", documentation, labels, registry=self._registry)

    def histogram(self, name: str, documentation: str, *labels: str) -> Histogram:
        return Histogram(
            f"{self._prefix}_{name}",
            documentation,
            labels,
            buckets=LATENCY_BUCKETS,
            registry=self._registry,
        )


def remembered(metric: M) -> Callable[..., M]:
    """The metric's `labels`, which takes ten times as long to find a child as to count in it."""
    return lru_cache(maxsize=1024)(metric.labels)


class Metrics:
    """Owns its registry, so that two services in one test do not share counts.

    `make` makes metrics that only one service has.
    """

    def __init__(self, prefix: str) -> None:
        self.registry = CollectorRegistry()
        make = self.make = MetricMaker(prefix, self.registry)
        ProcessCollector(registry=self.registry)
        self.loop_lag = LoopLag()
        _export_loop(self.loop_lag, make)
        self.policies = PolicyMetrics(make)
        self.failures = FailureMetrics(make)
        self.in_flight = make.gauge("http_requests_in_flight", "Requests being answered.")
        self.ready = make.gauge(
            "ready", "1 while requests are welcome, 0 while the process starts or drains."
        )
        self.shed = make.counter(
            "http_requests_shed_total", "Requests refused because too many were in flight."
        )
        self.connections_closed = make.counter(
            "idle_connections_closed_total", "Idle connections closed because too many were open."
        )
        self.over_share = make.counter(
            "http_requests_over_share_total",
            "Requests refused because too many of their caller were in flight.",
        )
        self._requests = remembered(
            make.counter("http_requests_total", "Requests answered.", "method", "route", "status")
        )
        self._request_seconds = remembered(
            make.histogram(
                "http_request_duration_seconds",
                "From the first byte in to the last byte out.",
                "method",
                "route",
            )
        )
        self._parts = remembered(
            make.counter(
                "screen_parts_total", "Parts of composed answers.", "screen", "part", "status"
            )
        )
        self._calls = remembered(self.policies.calls)
        self._call_seconds = remembered(self.policies.call_seconds)

    def render(self) -> bytes:
        """The text format that Prometheus scrapes."""
        return generate_latest(self.registry)

    def observe_call(self, service: str, operation: str, outcome: str, seconds: float) -> None:
        """Count one attempt at a downstream call and its duration."""
        self._calls(service, operation, outcome).inc()
        self._call_seconds(service, operation).observe(seconds)

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request; `route` is the template, never the path."""
        self._requests(method, route, str(status)).inc()
        self._request_seconds(method, route).observe(seconds)

    def observe_part(self, screen: str, part: str, status: str) -> None:
        """Count one part of a composed answer."""
        self._parts(screen, part, status).inc()

    def salvaged(self, service: str, operation: str) -> Callable[[], None]:
        """A callback that counts one answer that only the lenient decoder could read."""
        return lambda: self.policies.salvaged.labels(service, operation).inc()


class LoopLag:
    """A timer of the event loop that notes by how much it fired late.

    `now` is the monotonic clock. Until `start` there is no lag.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._lags: deque[tuple[float, float]] = deque(maxlen=MAX_LAGS)

    def start(self) -> None:
        """Measure the running loop until `stop`."""
        self.stop()
        self._schedule()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._due = None

    def since(self, moment: float) -> float:
        """Seconds for which the loop was late since a moment of the clock."""
        ended = sum(min(late, end - moment) for end, late in self._lags if end > moment)
        return ended + min(self._overdue(), max(0.0, self._now() - moment))

    def longest(self) -> float:
        """Seconds of the longest lag in the last minute."""
        oldest = self._now() - LAG_WINDOW_SECONDS
        return max((late for end, late in self._lags if end > oldest), default=self._overdue())

    def _schedule(self) -> None:
        self._due = self._now() + LAG_INTERVAL_SECONDS
        self._timer = asyncio.get_running_loop().call_later(LAG_INTERVAL_SECONDS, self._fire)

    def _fire(self) -> None:
        late = self._overdue()
        if late:
            self._lags.append((self._now(), late))
        self._schedule()

    def _overdue(self) -> float:
        """The lag of a timer that has not fired yet."""
        late = 0.0 if self._due is None else self._now() - self._due
        return late if late >= LEAST_LAG_SECONDS else 0.0


class PolicyMetrics:
    """Metrics of downstream calls and the policies around them."""

    def __init__(self, make: MetricMaker) -> None:
        call = ("service", "operation")
        documentation = "Attempts at calls to a downstream service, by outcome."
        self.calls = make.counter("downstream_calls_total", documentation, *call, "outcome")
        self.call_seconds = make.histogram(
            "downstream_call_duration_seconds", "Duration of attempts.", *call
        )
        documentation = "Answers that only the lenient decoder could read."
        self.salvaged = make.counter("downstream_salvaged_total", documentation, *call)
        documentation = "Calls answered from a cache, shared or served stale, by result."
        self.cache = make.counter("downstream_cache_total", documentation, *call, "result")
        documentation = "Retries by the failure before them, and denied retries by reason."
        self.retries = make.counter("downstream_retries_total", documentation, *call, "reason")
        documentation = "Calls that were not sent, by the policy that refused them."
        self.refusals = make.counter("downstream_refusals_total", documentation, *call, "by")
        self.breaker = make.gauge("circuit_breaker_state", "0 closed, 1 open, 2 half-open.", *call)
        self.transitions = make.counter(
            "circuit_breaker_transitions_total",
            "Changes of a breaker's state.",
            *call,
            "before",
            "after",
        )
        documentation = "Operations that the shared cache did not carry out."
        self.store_failures = make.counter(
            "shared_cache_failures_total", documentation, "operation"
        )

    def store_failed(self, operation: str) -> None:
        """Count an operation that the shared cache did not carry out."""
        self.store_failures.labels(operation).inc()


class FailureMetrics:
    """Failures that an operator hears of at once; no label holds text of a caller or a service."""

    def __init__(self, make: MetricMaker) -> None:
        self._failures = make.counter(
            "failures_total",
            "Requests that failed with 5xx, by code and, where there is one, reason.",
            "code",
            "reason",
        )
        self._key_reads = make.counter(
            "jwks_reads_total", "Reads of the published keys that verify tokens.", "outcome"
        )

    def count(self, code: str, reason: object) -> None:
        """Count a failed request; a reason that is not one short word counts as `other`."""
        word = "none" if reason is None else str(reason)
        self._failures.labels(code, word if _WORD.fullmatch(word) else "other").inc()

    def count_key_read(self, outcome: str) -> None:
        self._key_reads.labels(outcome).inc()


def _export_loop(loop_lag: LoopLag, make: MetricMaker) -> None:
    tasks = make.gauge("asyncio_tasks", "Tasks of the event loop, the scrape's own included.")
    tasks.set_function(_count_tasks)
    lag = make.gauge(
        "event_loop_lag_seconds", "The longest time in the last minute that due work waited."
    )
    lag.set_function(loop_lag.longest)


def _count_tasks() -> float:
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        # Rendered outside of a loop, where there are none.
        return 0
