"""Metrics of the policies around downstream calls."""

from prometheus_client import Gauge

from bff_core.observability.labelled import Labelled, MetricMaker


class PolicyMetrics:
    """What was answered from memory, repeated, refused, and how the breakers stand."""

    def __init__(self, make: MetricMaker) -> None:
        self.cache: Labelled = make.counter(
            "downstream_cache_total",
            "Answers kept, shared or served stale, by what became of the call.",
            "service",
            "operation",
            "result",
        )
        self.retries: Labelled = make.counter(
            "downstream_retries_total",
            "Retries by the failure before them, and those denied by why.",
            "service",
            "operation",
            "reason",
        )
        self.refusals: Labelled = make.counter(
            "downstream_refusals_total",
            "Calls that were not sent, by the policy that refused them.",
            "service",
            "operation",
            "by",
        )
        self.breaker: Gauge = make.gauge(
            "circuit_breaker_state", "0 closed, 1 open, 2 half-open.", "service"
        )
        self.transitions: Labelled = make.counter(
            "circuit_breaker_transitions_total",
            "Changes of a breaker's state.",
            "service",
            "before",
            "after",
        )
        self.store_failures: Labelled = make.counter(
            "shared_cache_failures_total",
            "Operations that the shared cache did not carry out.",
            "operation",
        )

    def store_failed(self, operation: str) -> None:
        """The shared cache's own counter."""
        self.store_failures.count(operation)
