"""Circuit breaker: stops calls to a service that fails or is slow, then probes it.

It is not a library: none that is maintained and asynchronous has a sliding window, slow-call rate,
leased probes and permits that expire with the breaker's state.
"""

from asyncio import CancelledError
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from random import random

from bff_core.client.call import Call, DownstreamResponse, Send
from bff_core.client.policies.deadline import DEADLINE_TOLERANCE
from bff_core.client.policies.observer import BreakerState, Observer, notify
from bff_core.clock import Clock
from bff_core.errors import (
    CircuitOpen,
    DownstreamError,
    DownstreamRefused,
    DownstreamSaturated,
    DownstreamTimeout,
)
from bff_core.settings import BreakerSettings


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


FAIR_TIMEOUT = 0.25
"""A timeout after less than so many seconds does not count against the service."""


class Outcome(Enum):
    """The end of a call; a `NEUTRAL` one tells nothing about the service's health."""

    SUCCESS = auto()
    FAILURE = auto()
    NEUTRAL = auto()


def classify(error: DownstreamError, call: Call, *, allowed_seconds: float) -> Outcome:
    """The outcome of a failed call that had `allowed_seconds` until its deadline."""
    if isinstance(error, DownstreamSaturated | CircuitOpen):
        return Outcome.NEUTRAL
    if isinstance(error, DownstreamRefused):
        return Outcome.FAILURE if error.upstream_status == 429 else Outcome.SUCCESS
    if isinstance(error, DownstreamTimeout) and allowed_seconds < FAIR_TIMEOUT:
        return Outcome.NEUTRAL
    if call.ignored_by_breaker and is_user_triggerable(error):
        return Outcome.NEUTRAL
    return Outcome.FAILURE


def is_user_triggerable(error: DownstreamError) -> bool:
    """True if a user can cause the failure at will by the parameters of a request."""
    return isinstance(error, DownstreamTimeout) or error.upstream_status == 500


@dataclass(eq=False, slots=True)
class Permit:
    """Permission for one call; it expires when the breaker changes its state."""

    generation: int
    started: float
    slow_after: float


class Breaker:
    """A policy, one per service.

    Only the policy itself awaits, so no state change can be observed half done and none needs a
    lock. A probe that has not ended after `probe_lease` seconds loses its slot.
    """

    def __init__(
        self,
        service: str,
        clock: Clock,
        settings: BreakerSettings | None = None,
        *,
        probe_lease: float = 10.0,
        observer: Observer | None = None,
        jitter: Callable[[], float] = random,
    ) -> None:
        self._service = service
        self._clock = clock
        self._settings = settings or BreakerSettings()
        self._probe_lease = probe_lease
        self._observer = observer or Observer()
        self._jitter = jitter
        self._state = BreakerState.CLOSED
        self._generation = 0
        self._window = BreakerWindow(self._settings.window, self._settings.buckets)
        self._times_opened = 0
        self._open_until = 0.0
        self._leases: dict[Permit, float] = {}
        self._probes_passed = 0
        self._probes_slow = 0

    @property
    def service(self) -> str:
        return self._service

    @property
    def state(self) -> BreakerState:
        """It stays open until the first call after its time, which becomes a probe."""
        return self._state

    def __call__(self, send: Send) -> Send:
        async def guarded(call: Call) -> DownstreamResponse:
            permit = self.acquire(call)
            try:
                response = await send(call)
            except DownstreamError as error:
                self._record_failure(permit, call, error)
                raise
            except CancelledError:
                if call.deadline.left() > DEADLINE_TOLERANCE:
                    self.record(permit, Outcome.NEUTRAL)
                else:
                    # No caller that hung up: the timer of an outer deadline fired before ours.
                    self._record_failure(permit, call, DownstreamTimeout(self._service))
                raise
            except BaseException:
                # Exceptions raised by our own code do not count as downstream failures.
                self.record(permit, Outcome.NEUTRAL)
                raise
            self.record(permit, Outcome.SUCCESS, may_be_slow=not call.ignored_by_breaker)
            return response

        return guarded

    def acquire(self, call: Call) -> Permit:
        """A permit for one call; end it with `record`.

        Raises:
            CircuitOpen: The breaker is open, or all its probes are in flight.
        """
        now = self._clock.monotonic()
        if self._state is BreakerState.OPEN:
            if now < self._open_until:
                raise self._refusal(call, self._open_until - now)
            self._change_state(BreakerState.HALF_OPEN)
        if self._state is BreakerState.CLOSED:
            return Permit(self._generation, now, call.slow_after)
        self._leases = {held: until for held, until in self._leases.items() if until > now}
        if self._probes_passed + len(self._leases) >= self._settings.probes:
            raise self._refusal(call, min(self._leases.values()) - now)
        permit = Permit(self._generation, now, call.slow_after)
        self._leases[permit] = now + self._probe_lease
        return permit

    def record(self, permit: Permit, outcome: Outcome, *, may_be_slow: bool = True) -> None:
        """Count the end of a call; a permit of an older generation changes nothing."""
        if permit.generation != self._generation:
            return
        now = self._clock.monotonic()
        slow = may_be_slow and now - permit.started > permit.slow_after
        if self._state is BreakerState.CLOSED:
            self._record_call(now, outcome, slow=slow)
        elif self._leases.pop(permit, now) > now:
            self._record_probe(outcome, slow=slow)

    def _record_failure(self, permit: Permit, call: Call, error: DownstreamError) -> None:
        outcome = classify(error, call, allowed_seconds=call.deadline.at - permit.started)
        self.record(permit, outcome, may_be_slow=not call.ignored_by_breaker)

    def _record_call(self, now: float, outcome: Outcome, *, slow: bool) -> None:
        if outcome is Outcome.NEUTRAL:
            return
        window, settings = self._window, self._settings
        window.record(now, failed=outcome is Outcome.FAILURE, slow=slow)
        if window.calls >= settings.minimum_calls and (
            window.failures >= window.calls * settings.failure_rate
            or window.slow >= window.calls * settings.slow_rate
        ):
            self._open()

    def _record_probe(self, outcome: Outcome, *, slow: bool) -> None:
        if outcome is Outcome.NEUTRAL:
            return
        if outcome is Outcome.FAILURE:
            self._open()
            return
        self._probes_passed += 1
        self._probes_slow += slow
        if self._probes_passed < self._settings.probes:
            return
        if self._probes_slow >= self._settings.probes * self._settings.slow_rate:
            self._open()
        else:
            self._times_opened = 0
            self._change_state(BreakerState.CLOSED)

    def _open(self) -> None:
        settings = self._settings
        # The exponent is bounded, because a float would overflow after days of outage.
        seconds = min(settings.open_cap, settings.open_for * 2.0 ** min(self._times_opened, 32))
        seconds *= 1 + settings.jitter * (2 * self._jitter() - 1)
        self._open_until = self._clock.monotonic() + seconds
        self._times_opened += 1
        self._change_state(BreakerState.OPEN)

    def _change_state(self, state: BreakerState) -> None:
        before, self._state = self._state, state
        self._generation += 1
        self._window.clear()
        self._leases = {}
        self._probes_passed = self._probes_slow = 0
        # Last, because an observer may call back.
        notify(self._observer.breaker_changed, self._service, before, state)

    def _refusal(self, call: Call, retry_after: float) -> CircuitOpen:
        """A new exception each time: a kept one would grow by a traceback per raise."""
        notify(self._observer.refused, call, "breaker")
        return CircuitOpen(self._service, retry_after=retry_after, sent=False)
