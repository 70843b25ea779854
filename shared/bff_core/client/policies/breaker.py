"""Circuit breaker: stops calls to a service that fails or is slow, then probes it.

It is not a library: none that is maintained and asynchronous has a sliding window, slow-call rate,
leased probes and permits that expire with the breaker's state.
"""

from asyncio import CancelledError, Event, timeout
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import random

from msgspec import Struct

from bff_core.client.call import MIN_ATTEMPT_SECONDS, Call, DownstreamResponse, Send
from bff_core.client.policies.attempt import DEADLINE_TOLERANCE
from bff_core.client.policies.observer import BreakerState, Observer, notify
from bff_core.client.policies.outcome import BreakerWindow, Outcome, classify
from bff_core.clock import Clock
from bff_core.errors import CircuitOpen, DownstreamError, DownstreamTimeout, Unavailable
from bff_core.settings import BreakerSettings
from bff_core.tasks import Background

CHECK_SECONDS = 1.0
CHECK_EVERY_SECONDS = 5.0


class HealthProbe:
    """Asks the health check of a service, one at a time and at most one in `CHECK_EVERY_SECONDS`.

    `check` returns if the service answers that it is healthy, and raises DownstreamError if not.
    """

    def __init__(self, check: Callable[[], Awaitable[object]], clock: Clock) -> None:
        self._check = check
        self._clock = clock
        self._next_at = float("-inf")
        self._background = Background()

    def ask(self, when_healthy: Callable[[], None]) -> None:
        """Start a check, if one is due, and call `when_healthy` if it succeeds."""
        now = self._clock.monotonic()
        if now < self._next_at or len(self._background):
            return
        self._next_at = now + CHECK_EVERY_SECONDS
        # It is unavailable while the process stops.
        with suppress(Unavailable):
            self._background.start(self._run(when_healthy))

    async def aclose(self) -> None:
        await self._background.aclose()

    async def _run(self, when_healthy: Callable[[], None]) -> None:
        with suppress(DownstreamError, TimeoutError):
            async with timeout(CHECK_SECONDS):
                await self._check()
            when_healthy()


class Permit(Struct, eq=False, gc=False):
    """Permission for one call; it expires when the breaker changes its state."""

    generation: int
    started: float
    slow_after: float


class Breaker:
    """A policy for the calls to a service, or to one `operation` of it.

    No state change awaits, so none can be observed half done and none needs a lock. A probe that
    has not ended after `probe_lease` seconds loses its slot. `lag` gives the seconds for which the
    event loop was late since a moment. `health` asks the service while the breaker is open. The
    `state` stays open until the first call after its time, which becomes a probe.
    """

    def __init__(
        self,
        service: str,
        clock: Clock,
        settings: BreakerSettings | None = None,
        *,
        operation: str | None = None,
        probe_lease: float = 10.0,
        observer: Observer | None = None,
        jitter: Callable[[], float] = random,
        lag: Callable[[float], float] = lambda _: 0.0,
        health: HealthProbe | None = None,
    ) -> None:
        self.service = service
        self.operation = operation
        self.state = BreakerState.CLOSED
        self._clock = clock
        self._settings = settings or BreakerSettings()
        self._probe_lease = probe_lease
        self._observer = observer or Observer()
        self._jitter = jitter
        self._lag = lag
        self._health = health
        self._generation = 0
        self._window = BreakerWindow(self._settings.window, self._settings.buckets)
        self._times_opened = 0
        self._open_until = 0.0
        self._ask_health_at = 0.0
        self._write_probe_at = 0.0
        self._leases: dict[Permit, float] = {}
        self._probes_passed = 0
        self._probes_slow = 0
        self._probe_ended = Event()

    def __call__(self, send: Send) -> Send:
        async def guarded(call: Call) -> DownstreamResponse:
            if call.for_write:
                await self._wait_for_probes(call)
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
                    self._record_failure(permit, call, DownstreamTimeout(self.service))
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
        if self.state is BreakerState.OPEN:
            self._end_rest(call, now)
        permit = Permit(self._generation, now, call.slow_after)
        if self.state is not BreakerState.CLOSED:
            if not self._has_free_probe(now):
                raise self._refusal(call, min(self._leases.values()) - now)
            self._leases[permit] = now + self._probe_lease
        return permit

    def record(self, permit: Permit, outcome: Outcome, *, may_be_slow: bool = True) -> None:
        """Count the end of a call; a permit of an older generation changes nothing."""
        if permit.generation != self._generation:
            return
        now = self._clock.monotonic()
        slow = may_be_slow and now - permit.started > permit.slow_after
        if self.state is not BreakerState.CLOSED:
            if self._leases.pop(permit, now) > now:
                self._record_probe(outcome, slow=slow)
                # Wakes the writes that wait for a probe.
                self._probe_ended.set()
                self._probe_ended = Event()
        elif outcome is not Outcome.NEUTRAL:
            self._window.record(now, failed=outcome is Outcome.FAILURE, slow=slow)
            if self._is_failing():
                self._open()

    def classify(self, permit: Permit, call: Call, error: DownstreamError) -> Outcome:
        """The outcome of a failed call for this breaker."""
        allowed = call.deadline.at - permit.started
        lag = self._lag(permit.started) if isinstance(error, DownstreamTimeout) else 0.0
        return classify(error, call, allowed_seconds=allowed, lag_seconds=lag)

    async def _wait_for_probes(self, call: Call) -> None:
        """Let a write wait while all probes are in flight: their end may close the breaker."""
        while (
            self.state is BreakerState.HALF_OPEN
            and not self._has_free_probe(self._clock.monotonic())
            and (spare := call.deadline.left() - MIN_ATTEMPT_SECONDS) > 0
        ):
            with suppress(TimeoutError):
                async with timeout(spare):
                    await self._probe_ended.wait()

    def _end_rest(self, call: Call, now: float) -> None:
        """Become half-open when the time has come, or refuse the call.

        A write need not wait for that time, at most once in `open_for` seconds; if its probe fails,
        the breaker opens for as long as before.
        """
        if now < self._open_until:
            if not call.for_write or now < self._write_probe_at:
                self._ask_health(now)
                raise self._refusal(call, self._open_until - now)
            self._write_probe_at = now + self._settings.open_for
            self._times_opened = max(0, self._times_opened - 1)
        self._change_state(BreakerState.HALF_OPEN)

    def _has_free_probe(self, now: float) -> bool:
        self._leases = {held: until for held, until in self._leases.items() if until > now}
        return self._probes_passed + len(self._leases) < self._probes()

    def _ask_health(self, now: float) -> None:
        """Ask whether the service is back, once it has been left alone for long enough."""
        if self._health is None or now < self._ask_health_at:
            return
        generation = self._generation

        def end() -> None:
            if generation == self._generation:
                self._open_until = self._clock.monotonic()

        self._health.ask(end)

    def _record_failure(self, permit: Permit, call: Call, error: DownstreamError) -> None:
        outcome = self.classify(permit, call, error)
        self.record(permit, outcome, may_be_slow=not call.ignored_by_breaker)

    def _is_failing(self) -> bool:
        window, settings = self._window, self._settings
        return window.calls >= settings.minimum_calls and (
            window.failures >= window.calls * settings.failure_rate
            or window.slow >= window.calls * settings.slow_rate
        )

    def _probes(self) -> int:
        """Probes that must succeed before the breaker closes."""
        return self._settings.probes

    def _record_probe(self, outcome: Outcome, *, slow: bool) -> None:
        if outcome is Outcome.NEUTRAL:
            return
        if outcome is Outcome.FAILURE:
            self._open()
            return
        self._probes_passed += 1
        self._probes_slow += slow
        if self._probes_passed < self._probes():
            return
        if self._probes_slow >= self._probes() * self._settings.slow_rate:
            self._open()
        else:
            self._times_opened = 0
            self._change_state(BreakerState.CLOSED)

    def _open(self) -> None:
        now = self._clock.monotonic()
        self._open_until = now + self._open_seconds()
        self._ask_health_at = now + self._settings.open_cap_healthy
        self._times_opened += 1
        self._change_state(BreakerState.OPEN)

    def _open_seconds(self) -> float:
        settings = self._settings
        # The exponent is bounded, because a float would overflow after days of outage.
        seconds = min(settings.open_cap, settings.open_for * 2.0 ** min(self._times_opened, 32))
        return seconds * (1 + settings.jitter * (2 * self._jitter() - 1))

    def _change_state(self, state: BreakerState) -> None:
        before, self.state = self.state, state
        self._generation += 1
        self._window.clear()
        self._leases = {}
        self._probes_passed = self._probes_slow = 0
        # Last, because an observer may call back.
        notify(self._observer.breaker_changed, self.service, self.operation, before, state)

    def _refusal(self, call: Call, retry_after: float) -> CircuitOpen:
        """A new exception each time: a kept one would grow by a traceback per raise."""
        notify(self._observer.refused, call, "breaker")
        return CircuitOpen(self.service, retry_after=retry_after, sent=False)
