"""Stops asking a service that fails or drags, and finds out carefully when it is back."""

from asyncio import CancelledError
from collections.abc import Callable
from dataclasses import dataclass
from random import random

from bff_core.client.call import Call, DownstreamResponse, Send
from bff_core.client.policies.observer import UNOBSERVED, BreakerState, Observer, notify
from bff_core.client.policies.outcome import Outcome, classify
from bff_core.client.policies.window import Window
from bff_core.clock import Clock
from bff_core.errors import CircuitOpen, DownstreamError, DownstreamTimeout

AT_ONCE = 0.001
"""Seconds within which a moment counts as the deadline's."""


@dataclass(frozen=True, slots=True)
class BreakerOptions:
    """When a breaker opens and how it closes; times in seconds, rates from 0 to 1.

    `slow_after` is for calls that bring no time of their own. `fair` is the least time after which a time-out
    is held against the service. A probe that has not ended after `lease` loses its slot. The open
    time doubles from `open_for` to `open_cap`, then varies by `jitter` of itself either way.
    """

    window: float = 30.0
    buckets: int = 10
    minimum_calls: int = 20
    failure_rate: float = 0.5
    slow_rate: float = 0.8
    slow_after: float = 1.0
    fair: float = 0.25
    probes: int = 3
    lease: float = 10.0
    open_for: float = 5.0
    open_cap: float = 60.0
    jitter: float = 0.2


class Permit:
    """Leave to make one call, worth nothing once the breaker has changed its state."""

    __slots__ = ("generation", "slow_after", "started")

    def __init__(self, generation: int, started: float, slow_after: float) -> None:
        self.generation = generation
        self.started = started
        self.slow_after = slow_after


class Breaker:
    """A policy, one per downstream.

    Every method but the policy itself runs to its end without awaiting, so that no state change
    can be seen half done and none needs a lock.
    """

    def __init__(
        self,
        service: str,
        clock: Clock,
        options: BreakerOptions | None = None,
        *,
        observer: Observer = UNOBSERVED,
        jitter: Callable[[], float] = random,
    ) -> None:
        self._service = service
        self._clock = clock
        self._options = options or BreakerOptions()
        self._observer = observer
        self._jitter = jitter
        self._state = BreakerState.CLOSED
        self._generation = 0
        self._window = Window(self._options.window, self._options.buckets)
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
        """Open lasts until the first call after its time, which probes."""
        return self._state

    def __call__(self, send: Send) -> Send:
        async def guarded(call: Call) -> DownstreamResponse:
            permit = self.admit(call)
            try:
                answer = await send(call)
            except DownstreamError as error:
                self._settle_failure(permit, call, error)
                raise
            except CancelledError:
                if call.deadline.left() > AT_ONCE:
                    self.settle(permit, Outcome.NEUTRAL)
                else:
                    # Not a caller that hung up: a timer further out was faster than ours.
                    self._settle_failure(permit, call, DownstreamTimeout(self._service))
                raise
            except BaseException:
                # A bug of ours is no news of the service.
                self.settle(permit, Outcome.NEUTRAL)
                raise
            self.settle(permit, Outcome.SUCCESS, may_be_slow=not call.ignored_by_breaker)
            return answer

        return guarded

    def _settle_failure(self, permit: Permit, call: Call, error: DownstreamError) -> None:
        given = call.deadline.at - permit.started
        verdict = classify(error, call, given=given, fair=self._options.fair)
        self.settle(permit, verdict, may_be_slow=not call.ignored_by_breaker)

    def admit(self, call: Call) -> Permit:
        """Leave to make a call; end it with `settle`.

        Raises:
            CircuitOpen: The service rests, or all its probes are under way.
        """
        now = self._clock.monotonic()
        if self._state is BreakerState.CLOSED:
            return self._permit(call, now)
        if self._state is BreakerState.OPEN:
            if now < self._open_until:
                raise self._refusal(call, self._open_until - now)
            self._become(BreakerState.HALF_OPEN)
        return self._lease(call, now)

    def _permit(self, call: Call, now: float) -> Permit:
        return Permit(self._generation, now, call.slow_after or self._options.slow_after)

    def settle(self, permit: Permit, verdict: Outcome, *, may_be_slow: bool = True) -> None:
        """Count how a call ended; a permit of an older generation changes nothing."""
        if permit.generation != self._generation:
            return
        now = self._clock.monotonic()
        slow = may_be_slow and now - permit.started > permit.slow_after
        if self._state is BreakerState.CLOSED:
            self._count(now, verdict, slow=slow)
        elif self._leases.pop(permit, now) > now:
            self._count_probe(verdict, slow=slow)

    def _count(self, now: float, verdict: Outcome, *, slow: bool) -> None:
        if verdict is Outcome.NEUTRAL:
            return
        window = self._window
        window.record(now, failed=verdict is Outcome.FAILURE, slow=slow)
        calls = window.calls
        if calls >= self._options.minimum_calls and (
            window.failures >= calls * self._options.failure_rate
            or window.slow >= calls * self._options.slow_rate
        ):
            self._open()

    def _count_probe(self, verdict: Outcome, *, slow: bool) -> None:
        if verdict is Outcome.FAILURE:
            self._open()
        elif verdict is Outcome.SUCCESS:
            self._probes_passed += 1
            self._probes_slow += slow
            if self._probes_passed >= self._options.probes:
                self._conclude()

    def _conclude(self) -> None:
        """All probes answered; a service that still drags is not back."""
        if self._probes_slow >= self._options.probes * self._options.slow_rate:
            self._open()
        else:
            self._times_opened = 0
            self._become(BreakerState.CLOSED)

    def _lease(self, call: Call, now: float) -> Permit:
        self._leases = {held: until for held, until in self._leases.items() if until > now}
        if self._probes_passed + len(self._leases) >= self._options.probes:
            raise self._refusal(call, min(self._leases.values()) - now)
        permit = self._permit(call, now)
        self._leases[permit] = now + self._options.lease
        return permit

    def _open(self) -> None:
        options = self._options
        # The exponent is bounded: a service that is away for days must not overflow a float.
        doubled = options.open_for * 2.0 ** min(self._times_opened, 32)
        swing = 1 + options.jitter * (2 * self._jitter() - 1)
        self._open_until = self._clock.monotonic() + min(options.open_cap, doubled) * swing
        self._times_opened += 1
        self._become(BreakerState.OPEN)

    def _become(self, state: BreakerState) -> None:
        before, self._state = self._state, state
        self._generation += 1
        self._window.clear()
        self._leases = {}
        self._probes_passed = self._probes_slow = 0
        # Last, when all is consistent: a listener may call back.
        notify(self._observer.breaker_changed, self._service, before, state)

    def _refusal(self, call: Call, retry_after: float) -> CircuitOpen:
        """A fresh one each time: a kept exception would grow by a traceback per raise."""
        notify(self._observer.refused, call, "breaker")
        return CircuitOpen(self._service, retry_after=retry_after, sent=False)
