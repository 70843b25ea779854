"""An observer of the downstream pipeline that writes everything down."""

from bff_core.errors import BffError
from bff_core.http._call import Call
from bff_core.http._observer import BreakerState, NoRetryReason, Refuser, StaleReason


class Diary:
    """`pages` holds one tuple per event, in order, its kind first."""

    def __init__(self) -> None:
        self.pages: list[tuple[str, ...]] = []

    def cache_hit(self, call: Call) -> None:  # noqa: ARG002 - the port's.
        self.pages.append(("hit",))

    def cache_missed(self, call: Call) -> None:  # noqa: ARG002
        self.pages.append(("missed",))

    def stale_served(self, call: Call, why: StaleReason) -> None:  # noqa: ARG002
        self.pages.append(("stale", why))

    def refresh_failed(self, call: Call, error: BffError) -> None:  # noqa: ARG002
        self.pages.append(("refresh_failed", error.code))

    def coalesced(self, call: Call) -> None:  # noqa: ARG002
        self.pages.append(("coalesced",))

    def retried(self, call: Call, after: BffError) -> None:  # noqa: ARG002
        self.pages.append(("retried", after.code))

    def retry_denied(self, call: Call, why: NoRetryReason) -> None:  # noqa: ARG002
        self.pages.append(("retry_denied", why))

    def refused(self, call: Call, by: Refuser) -> None:  # noqa: ARG002
        self.pages.append(("refused", by))

    def breaker_changed(self, service: str, before: BreakerState, after: BreakerState) -> None:
        self.pages.append(("breaker", service, before.value, after.value))
