"""Events of the policies, and the metrics that count them."""

from collections.abc import Callable
from enum import StrEnum
from typing import Literal, ParamSpec

import structlog

from bff_core.client.call import Call
from bff_core.errors import BffError
from bff_core.observability import Metrics

P = ParamSpec("P")

_log = structlog.get_logger()


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


RefusedBy = Literal["breaker", "bulkhead", "deadline", "failure_limit"]
StaleReason = Literal["refresh", "error"]
NoRetryReason = Literal["budget", "deadline"]

_GAUGE_VALUES = {BreakerState.CLOSED: 0, BreakerState.OPEN: 1, BreakerState.HALF_OPEN: 2}


class Observer:
    """Is called once after each event and does nothing; subclasses override what they need."""

    def cache_hit(self, call: Call) -> None: ...

    def cache_missed(self, call: Call) -> None: ...

    def stale_served(self, call: Call, reason: StaleReason) -> None: ...

    def refresh_failed(self, call: Call, error: BffError) -> None: ...

    def coalesced(self, call: Call) -> None: ...

    def retried(self, call: Call, after: BffError) -> None: ...

    def retry_denied(self, call: Call, reason: NoRetryReason) -> None: ...

    def refused(self, call: Call, by: RefusedBy) -> None: ...

    def breaker_changed(self, service: str, before: BreakerState, after: BreakerState) -> None: ...


def notify(event: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call an observer; an exception that it raises is logged and changes nothing."""
    try:
        event(*args, **kwargs)
    except Exception:  # noqa: BLE001 - an observer is foreign code.
        _log.exception("observer_failed", observed=getattr(event, "__name__", "unknown"))


class MetricsObserver(Observer):
    """Counts the events of one service; logs failed refreshes and changes of the breaker."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics.policies

    def watch_breaker(self, service: str) -> None:
        """Export a closed breaker before its first change."""
        self._metrics.breaker.labels(service).set(_GAUGE_VALUES[BreakerState.CLOSED])

    def cache_hit(self, call: Call) -> None:
        self._metrics.cache.labels(call.service, call.operation, "hit").inc()

    def cache_missed(self, call: Call) -> None:
        self._metrics.cache.labels(call.service, call.operation, "miss").inc()

    def stale_served(self, call: Call, reason: StaleReason) -> None:
        self._metrics.cache.labels(call.service, call.operation, f"stale_{reason}").inc()

    def refresh_failed(self, call: Call, error: BffError) -> None:
        self._metrics.cache.labels(call.service, call.operation, "refresh_failed").inc()
        _log.info("refresh_failed", service=call.service, operation=call.operation, code=error.code)

    def coalesced(self, call: Call) -> None:
        self._metrics.cache.labels(call.service, call.operation, "coalesced").inc()

    def retried(self, call: Call, after: BffError) -> None:
        self._metrics.retries.labels(call.service, call.operation, after.code.lower()).inc()

    def retry_denied(self, call: Call, reason: NoRetryReason) -> None:
        self._metrics.retries.labels(call.service, call.operation, f"denied_{reason}").inc()

    def refused(self, call: Call, by: RefusedBy) -> None:
        self._metrics.refusals.labels(call.service, call.operation, by).inc()

    def breaker_changed(self, service: str, before: BreakerState, after: BreakerState) -> None:
        self._metrics.breaker.labels(service).set(_GAUGE_VALUES[after])
        self._metrics.transitions.labels(service, before.value, after.value).inc()
        _log.warning("breaker_changed", service=service, before=before.value, after=after.value)
