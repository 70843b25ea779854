"""Counts of the requests in flight, in all and by caller."""

from collections import Counter
from dataclasses import dataclass, field

from bff_core.errors import RateLimited, Unavailable
from bff_core.observability import Metrics

RETRY_AFTER = 1.0


@dataclass(slots=True)
class RequestSlots:
    """At most `limit` requests, and at most `per_caller` of one caller."""

    limit: int
    per_caller: int
    metrics: Metrics
    in_flight: int = 0
    by_caller: Counter[str] = field(default_factory=Counter)


class RequestSlot:
    """The slot of one request; releasing it twice, or before it was acquired, does nothing."""

    __slots__ = ("_caller", "_held", "_slots")

    def __init__(self, slots: RequestSlots) -> None:
        self._slots = slots
        self._held = False
        self._caller: str | None = None

    def acquire(self) -> None:
        """Count the request.

        Raises:
            Unavailable: Too many are in flight.
        """
        if self._slots.in_flight >= self._slots.limit:
            self._slots.metrics.shed.inc()
            raise Unavailable(
                "Too many requests are being answered; try again in a moment",
                retry_after=RETRY_AFTER,
            )
        self._slots.in_flight += 1
        self._held = True

    def assign(self, caller: str) -> None:
        """Count the request against this caller, and no longer against the one before.

        Raises:
            RateLimited: Too many requests of the caller are in flight.
        """
        if not self._held or caller == self._caller:
            return
        slots = self._slots
        if slots.by_caller[caller] >= slots.per_caller:
            slots.metrics.over_share.inc()
            # A refusal is no work, and the fast path lets Quart authorize it once more to answer it.
            self.release()
            raise RateLimited(
                "Too many of your requests are being answered; try again in a moment",
                retry_after=RETRY_AFTER,
            )
        self._unassign()
        self._caller = caller
        slots.by_caller[caller] += 1

    def release(self) -> None:
        if self._held:
            self._held = False
            self._slots.in_flight -= 1
            self._unassign()

    def _unassign(self) -> None:
        if self._caller is None:
            return
        by_caller = self._slots.by_caller
        by_caller[self._caller] -= 1
        if not by_caller[self._caller]:
            del by_caller[self._caller]
        self._caller = None
