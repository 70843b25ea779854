"""Outcomes of calls: the failures that count against a service, and how many there were."""

from collections.abc import Iterable
from enum import Enum, auto

from bff_core.client.call import Call
from bff_core.errors import (
    CircuitOpen,
    DownstreamError,
    DownstreamRefused,
    DownstreamSaturated,
    DownstreamTimeout,
    DownstreamUnreachable,
)

FAIR_TIMEOUT = 0.25
"""A timeout after less than so many seconds does not count against the service."""
MAX_LAG_SHARE = 0.2
"""A timeout does not count when our own event loop was late for so large a share of the call."""
_AWAY = 503


class Outcome(Enum):
    """The end of a call; a `NEUTRAL` one tells nothing about the service's health."""

    SUCCESS = auto()
    FAILURE = auto()
    NEUTRAL = auto()


def classify(
    error: DownstreamError, call: Call, *, allowed_seconds: float, lag_seconds: float = 0.0
) -> Outcome:
    """The outcome of a failed call that had `allowed_seconds` until its deadline.

    The event loop of this process was late by `lag_seconds` in that time.
    """
    if isinstance(error, DownstreamSaturated | CircuitOpen):
        return Outcome.NEUTRAL
    if isinstance(error, DownstreamRefused):
        return Outcome.FAILURE if error.upstream_status == 429 else Outcome.SUCCESS
    if isinstance(error, DownstreamTimeout) and (
        allowed_seconds < FAIR_TIMEOUT or lag_seconds > MAX_LAG_SHARE * allowed_seconds
    ):
        return Outcome.NEUTRAL
    if call.ignored_by_breaker and is_user_triggerable(error):
        return Outcome.NEUTRAL
    # The body may have caused a 5xx other than 503, by which a service reports that it is away.
    status = error.upstream_status or 0
    if call.body is not None and status >= 500 and status != _AWAY:
        return Outcome.NEUTRAL
    return Outcome.FAILURE


def is_user_triggerable(error: DownstreamError) -> bool:
    """True if a user can cause the failure at will by the parameters of a request."""
    return isinstance(error, DownstreamTimeout) or error.upstream_status == 500


def is_final(error: DownstreamError) -> bool:
    """True if the service has answered and refused the request."""
    return isinstance(error, DownstreamRefused) and error.upstream_status != 429


def is_away(error: DownstreamError) -> bool:
    """True if no part of the service can be used: no connection, no byte, or a 503."""
    return isinstance(error, DownstreamUnreachable) or error.upstream_status == _AWAY


class BreakerWindow:
    """Calls, failures and slow calls within the last `seconds`, to the precision of a bucket.

    Its size is fixed, whatever the traffic.
    """

    def __init__(self, seconds: float, buckets: int) -> None:
        self._bucket_seconds = seconds / buckets
        self._tick = 0
        self._calls = [0] * buckets
        self._failures = [0] * buckets
        self._slow = [0] * buckets
        self.calls = self.failures = self.slow = 0

    def record(self, now: float, *, failed: bool, slow: bool) -> None:
        """Count a call that ended at `now`, on the monotonic clock."""
        tick = int(now / self._bucket_seconds)
        size = len(self._calls)
        if tick > self._tick:
            expired = min(tick - self._tick, size)
            self._tick = tick
            self._clear((tick - back) % size for back in range(expired))
        bucket = self._tick % size
        self._calls[bucket] += 1
        self._failures[bucket] += failed
        self._slow[bucket] += slow
        self.calls += 1
        self.failures += failed
        self.slow += slow

    def clear(self) -> None:
        self._clear(range(len(self._calls)))

    def _clear(self, buckets: Iterable[int]) -> None:
        for bucket in buckets:
            self.calls -= self._calls[bucket]
            self.failures -= self._failures[bucket]
            self.slow -= self._slow[bucket]
            self._calls[bucket] = self._failures[bucket] = self._slow[bucket] = 0
