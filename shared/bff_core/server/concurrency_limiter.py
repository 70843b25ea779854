"""Limits the requests that are answered at a time, in all and of each caller."""

from collections import Counter
from dataclasses import dataclass, field

from bff_core.errors import RateLimited, Unavailable
from bff_core.observability import Metrics

RETRY_AFTER = 1.0
"""Seconds after which a request beyond a limit may be sent again."""


@dataclass(slots=True)
class ConcurrencyLimiter:
    """Admits `limit` requests, and `per_caller` of one caller."""

    limit: int
    per_caller: int
    metrics: Metrics
    in_flight: int = 0
    by_caller: Counter[str] = field(default_factory=Counter)

    def acquire(self) -> "RequestSlot":
        """Count a request until its slot is released.

        Raises:
            Unavailable: Too many are in flight.
        """
        if self.in_flight >= self.limit:
            self.metrics.shed.inc()
            raise Unavailable(
                "Too many requests are being answered; try again in a moment",
                retry_after=RETRY_AFTER,
            )
        self.in_flight += 1
        return RequestSlot(self)


@dataclass(slots=True)
class RequestSlot:
    """The slot of one request; releasing it twice does nothing."""

    limiter: ConcurrencyLimiter
    caller: str | None = None
    held: bool = True

    def assign(self, caller: str) -> None:
        """Count the request against this caller, and no longer against the one before.

        Raises:
            RateLimited: Too many requests of the caller are in flight.
        """
        if not self.held or caller == self.caller:
            return
        limiter = self.limiter
        if limiter.by_caller[caller] >= limiter.per_caller:
            limiter.metrics.over_share.inc()
            # A refusal is no work, and the fast path lets Quart authorize it once more to answer it.
            self.release()
            raise RateLimited(
                "Too many of your requests are being answered; try again in a moment",
                retry_after=RETRY_AFTER,
            )
        self._unassign()
        self.caller = caller
        limiter.by_caller[caller] += 1

    def release(self) -> None:
        if self.held:
            self.held = False
            self.limiter.in_flight -= 1
            self._unassign()

    def _unassign(self) -> None:
        if self.caller is not None:
            by_caller = self.limiter.by_caller
            by_caller[self.caller] -= 1
            if not by_caller[self.caller]:
                del by_caller[self.caller]
            self.caller = None
