"""What the policies tell whoever counts, and how a listener that fails stays harmless."""

from collections.abc import Callable
from enum import StrEnum
from typing import Literal, ParamSpec, Protocol

import structlog

from bff_core.client.call import Call, Question
from bff_core.errors import BffError

P = ParamSpec("P")

_log = structlog.get_logger()


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


Refuser = Literal["breaker", "bulkhead", "deadline", "failure_limit"]
StaleReason = Literal["refresh", "error"]
NoRetryReason = Literal["budget", "deadline"]


class Observer(Protocol):
    """Told once per event, after the fact; what it raises is logged and changes nothing."""

    def cache_hit(self, call: Question) -> None: ...

    def cache_missed(self, call: Call) -> None: ...

    def stale_served(self, call: Call, why: StaleReason) -> None: ...

    def refresh_failed(self, call: Call, error: BffError) -> None: ...

    def coalesced(self, call: Call) -> None: ...

    def retried(self, call: Call, after: BffError) -> None: ...

    def retry_denied(self, call: Call, why: NoRetryReason) -> None: ...

    def refused(self, call: Call, by: Refuser) -> None: ...

    def breaker_changed(self, service: str, before: BreakerState, after: BreakerState) -> None: ...


class NullObserver:
    """Counts nothing."""

    def cache_hit(self, call: Question) -> None: ...

    def cache_missed(self, call: Call) -> None: ...

    def stale_served(self, call: Call, why: StaleReason) -> None: ...

    def refresh_failed(self, call: Call, error: BffError) -> None: ...

    def coalesced(self, call: Call) -> None: ...

    def retried(self, call: Call, after: BffError) -> None: ...

    def retry_denied(self, call: Call, why: NoRetryReason) -> None: ...

    def refused(self, call: Call, by: Refuser) -> None: ...

    def breaker_changed(self, service: str, before: BreakerState, after: BreakerState) -> None: ...


UNOBSERVED = NullObserver()


def notify(event: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    """Report an event to a listener."""
    try:
        event(*args, **kwargs)
    except Exception:  # noqa: BLE001 - this is the edge to a listener.
        # A listener is foreign code: whatever it raises must not decide a call's fate.
        _log.exception("observer_failed", event_told=getattr(event, "__name__", "unknown"))
