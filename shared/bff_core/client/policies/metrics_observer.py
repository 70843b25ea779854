"""What the policies do, as metrics; a change of a breaker is a line in the log too."""

import structlog

from bff_core.client.call import Call, Question
from bff_core.client.policies.observer import BreakerState, NoRetryReason, Refuser, StaleReason
from bff_core.errors import BffError
from bff_core.observability import Metrics

log = structlog.get_logger()

_LEVELS = {BreakerState.CLOSED: 0, BreakerState.OPEN: 1, BreakerState.HALF_OPEN: 2}


class MetricsObserver:
    """An observer of every policy of one service."""

    def __init__(self, metrics: Metrics) -> None:
        self._policies = metrics.policies

    def watch_breaker(self, service: str) -> None:
        """A breaker that never moved is closed, which a scrape must be able to see."""
        self._policies.breaker.labels(service).set(_LEVELS[BreakerState.CLOSED])

    def cache_hit(self, call: Question) -> None:
        self._policies.cache.labels(call.service, call.operation, "hit").inc()

    def cache_missed(self, call: Call) -> None:
        self._policies.cache.labels(call.service, call.operation, "miss").inc()

    def stale_served(self, call: Call, why: StaleReason) -> None:
        self._policies.cache.labels(call.service, call.operation, f"stale_{why}").inc()

    def refresh_failed(self, call: Call, error: BffError) -> None:
        self._policies.cache.labels(call.service, call.operation, "refresh_failed").inc()
        log.info("refresh_failed", service=call.service, operation=call.operation, code=error.code)

    def coalesced(self, call: Call) -> None:
        self._policies.cache.labels(call.service, call.operation, "coalesced").inc()

    def retried(self, call: Call, after: BffError) -> None:
        self._policies.retries.labels(call.service, call.operation, after.code.lower()).inc()

    def retry_denied(self, call: Call, why: NoRetryReason) -> None:
        self._policies.retries.labels(call.service, call.operation, f"denied_{why}").inc()

    def refused(self, call: Call, by: Refuser) -> None:
        self._policies.refusals.labels(call.service, call.operation, by).inc()

    def breaker_changed(self, service: str, before: BreakerState, after: BreakerState) -> None:
        self._policies.breaker.labels(service).set(_LEVELS[after])
        self._policies.transitions.labels(service, before.value, after.value).inc()
        log.warning("breaker_changed", service=service, before=before.value, after=after.value)
