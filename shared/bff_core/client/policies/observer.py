"""Events of the policies, and the metrics that count them."""

from collections.abc import Callable
from enum import StrEnum
from typing import Literal, ParamSpec

import structlog

from bff_core.client.call import Call
from bff_core.observability import Metrics, remembered

P = ParamSpec("P")

_log = structlog.get_logger()


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


CacheResult = Literal[
    "hit", "miss", "coalesced", "stale_refresh", "stale_error", "refresh_failed", "refresh_dropped"
]
RefusedBy = Literal["breaker", "bulkhead", "share", "deadline", "failure_limit"]

WHOLE_SERVICE = "all"
"""The label `operation` of a breaker that is the whole service's."""
_GAUGE_VALUES = {BreakerState.CLOSED: 0, BreakerState.OPEN: 1, BreakerState.HALF_OPEN: 2}


class Observer:
    """Is called once after each event and does nothing; subclasses override what they need."""

    def cached(self, call: Call, result: CacheResult) -> None:
        """The cache or the single-flight has dealt with a call."""

    def retried(self, call: Call, reason: str) -> None:
        """A retry follows, after the error code `reason`, or is denied by `denied_…`."""

    def refused(self, call: Call, by: RefusedBy) -> None:
        """A policy has refused to send a call."""

    def breaker_changed(
        self, service: str, operation: str | None, before: BreakerState, after: BreakerState
    ) -> None:
        """The breaker of an operation, or of the whole service if None, has changed its state."""


def notify(event: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call an observer; an exception that it raises is logged and changes nothing."""
    try:
        event(*args, **kwargs)
    except Exception:  # noqa: BLE001 - an observer is foreign code.
        _log.exception("observer_failed", observed=getattr(event, "__name__", "unknown"))


class MetricsObserver(Observer):
    """Counts the events of one service; logs the changes of its breaker."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics.policies
        self._cache = remembered(self._metrics.cache)

    def watch_breaker(self, service: str, operation: str | None) -> None:
        """Export a closed breaker before its first change."""
        labels = (service, operation or WHOLE_SERVICE)
        self._metrics.breaker.labels(*labels).set(_GAUGE_VALUES[BreakerState.CLOSED])

    def cached(self, call: Call, result: CacheResult) -> None:
        self._cache(call.service, call.operation, result).inc()

    def retried(self, call: Call, reason: str) -> None:
        self._metrics.retries.labels(call.service, call.operation, reason).inc()

    def refused(self, call: Call, by: RefusedBy) -> None:
        self._metrics.refusals.labels(call.service, call.operation, by).inc()

    def breaker_changed(
        self, service: str, operation: str | None, before: BreakerState, after: BreakerState
    ) -> None:
        labels = (service, operation or WHOLE_SERVICE)
        self._metrics.breaker.labels(*labels).set(_GAUGE_VALUES[after])
        self._metrics.transitions.labels(*labels, before.value, after.value).inc()
        _log.warning(
            "breaker_changed",
            service=service,
            operation=operation,
            before=before.value,
            after=after.value,
        )
