"""An observer of the downstream pipeline that records all events."""

from bff_core.cache import CacheKey
from bff_core.client.call import Call
from bff_core.client.policies.observer import (
    BreakerState,
    NoRetryReason,
    Observer,
    RefusedBy,
    StaleReason,
)
from bff_core.errors import BffError


class RecordingObserver(Observer):
    """`events` holds one tuple per event, in order, its kind first; `keys` the key of each call."""

    def __init__(self) -> None:
        self.events: list[tuple[str, ...]] = []
        self.keys: list[CacheKey] = []

    def _record(self, call: Call, *event: str) -> None:
        self.keys.append(call.key)
        self.events.append(event)

    def cache_hit(self, call: Call) -> None:
        self._record(call, "hit")

    def cache_missed(self, call: Call) -> None:
        self._record(call, "missed")

    def stale_served(self, call: Call, reason: StaleReason) -> None:
        self._record(call, "stale", reason)

    def refresh_failed(self, call: Call, error: BffError) -> None:
        self._record(call, "refresh_failed", error.code)

    def coalesced(self, call: Call) -> None:
        self._record(call, "coalesced")

    def retried(self, call: Call, after: BffError) -> None:
        self._record(call, "retried", after.code)

    def retry_denied(self, call: Call, reason: NoRetryReason) -> None:
        self._record(call, "retry_denied", reason)

    def refused(self, call: Call, by: RefusedBy) -> None:
        self._record(call, "refused", by)

    def breaker_changed(self, service: str, before: BreakerState, after: BreakerState) -> None:
        self.events.append(("breaker", service, before.value, after.value))
