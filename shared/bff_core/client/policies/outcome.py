"""Outcomes of calls: the failures that count against a service, and how many there were."""

from collections.abc import Iterable
from enum import Enum, auto

from cachetools import LRUCache
from msgspec.structs import replace

from bff_core.client.call import Call, DownstreamResponse, Send
from bff_core.client.policies.observer import Observer, notify
from bff_core.errors import (
    CircuitOpen,
    DownstreamError,
    DownstreamRefused,
    DownstreamSaturated,
    DownstreamTimeout,
    DownstreamUnreachable,
    RateLimited,
)
from bff_core.token_bucket import TokenBuckets

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


class UnprovenTargetPolicy:
    """Keeps failures of URLs that have never succeeded from counting against the breaker.

    A policy outside of retries, for calls that one user can make fail at will, which are
    `ignored_by_breaker`. Once its URL has succeeded for any user it is known good, and its failures
    count like all others. Until then they take tokens from the user's bucket. The last
    `max_known_good` such URLs are remembered.
    """

    def __init__(
        self,
        failures_by_user: TokenBuckets[str],
        *,
        max_known_good: int = 20_000,
        observer: Observer | None = None,
    ) -> None:
        self._failures = failures_by_user
        self._observer = observer or Observer()
        self._known_good: LRUCache[tuple[str, str], bool] = LRUCache(max_known_good)

    def __len__(self) -> int:
        return len(self._known_good)

    def __call__(self, send: Send) -> Send:
        async def checked(call: Call) -> DownstreamResponse:
            if not call.ignored_by_breaker:
                return await send(call)
            target = (call.service, call.url)
            if self._known_good.get(target):
                return await send(replace(call, ignored_by_breaker=False))
            # Taken before the call, so that many calls at once cannot all pass.
            wait = self._failures.take(call.identity)
            if wait:
                notify(self._observer.refused, call, "failure_limit")
                raise RateLimited(retry_after=wait)
            user_caused_it = False
            try:
                response = await send(call)
            except DownstreamError as error:
                user_caused_it = is_final(error) or is_user_triggerable(error)
                raise
            finally:
                if not user_caused_it:
                    self._failures.give_back(call.identity)
            self._known_good[target] = True
            return response

        return checked


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
