"""An observer of the downstream pipeline that writes everything down."""

from bff_core.client.call import Call, Question
from bff_core.client.policies.observer import BreakerState, NoRetryReason, Refuser, StaleReason
from bff_core.errors import BffError


class RecordingObserver:
    """`pages` holds one tuple per event, in order, its kind first; `keys` the call of each."""

    def __init__(self) -> None:
        self.pages: list[tuple[str, ...]] = []
        self.keys: list[str] = []

    def _write(self, call: Question, *page: str) -> None:
        self.keys.append(call.key)
        self.pages.append(page)

    def cache_hit(self, call: Question) -> None:
        self._write(call, "hit")

    def cache_missed(self, call: Call) -> None:
        self._write(call, "missed")

    def stale_served(self, call: Call, why: StaleReason) -> None:
        self._write(call, "stale", why)

    def refresh_failed(self, call: Call, error: BffError) -> None:
        self._write(call, "refresh_failed", error.code)

    def coalesced(self, call: Call) -> None:
        self._write(call, "coalesced")

    def retried(self, call: Call, after: BffError) -> None:
        self._write(call, "retried", after.code)

    def retry_denied(self, call: Call, why: NoRetryReason) -> None:
        self._write(call, "retry_denied", why)

    def refused(self, call: Call, by: Refuser) -> None:
        self._write(call, "refused", by)

    def breaker_changed(self, service: str, before: BreakerState, after: BreakerState) -> None:
        self.pages.append(("breaker", service, before.value, after.value))
