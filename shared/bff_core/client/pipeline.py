"""What the calls of one process share, and the order in which a call passes its policies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bff_core.cache.response_cache import Memory
from bff_core.client.call import Question, Send
from bff_core.client.policies.breaker import Breaker, BreakerOptions
from bff_core.client.policies.bulkhead import Bulkhead, BulkheadOptions
from bff_core.client.policies.cached import Cached, CacheOptions
from bff_core.client.policies.chain import pipeline
from bff_core.client.policies.deadline import attempt_timeout, call_deadline
from bff_core.client.policies.failure_limit import FailureLimit
from bff_core.client.policies.instrumented import instrumented
from bff_core.client.policies.metrics_observer import MetricsObserver
from bff_core.client.policies.retry import Retry, RetryOptions
from bff_core.client.policies.retry_budget import RetryBudget, RetryBudgetOptions
from bff_core.client.policies.single_flight import SingleFlight, SingleFlightOptions
from bff_core.client.policies.unproven_target import UnprovenTargetPolicy
from bff_core.clock import Clock
from bff_core.composition import Fetched
from bff_core.observability import Metrics
from bff_core.protocols import SharedCache
from bff_core.settings import Downstream, Operation


@dataclass(frozen=True, slots=True)
class ClientRuntime:
    """Memory, shared cache, clock and counters of the process; `breakers` by service name."""

    metrics: Metrics
    clock: Clock
    memory: Memory
    shared: SharedCache | None = None
    breakers: dict[str, Breaker] = field(default_factory=dict)

    def states(self) -> Mapping[str, str]:
        """How the breaker of each service stands."""
        return {name: breaker.state.value for name, breaker in self.breakers.items()}

    def breaker_of(self, downstream: Downstream) -> Breaker:
        """The one breaker of a service, made when it is first asked for."""
        breaker = self.breakers.get(downstream.name)
        if breaker is None:
            breaker = self.breakers[downstream.name] = self._new_breaker(downstream)
        return breaker

    def _new_breaker(self, downstream: Downstream) -> Breaker:
        rest, observer = downstream.breaker, MetricsObserver(self.metrics)
        options = BreakerOptions(
            window=rest.window,
            buckets=rest.buckets,
            minimum_calls=rest.minimum_calls,
            failure_rate=rest.failure_rate,
            slow_rate=rest.slow_rate,
            probes=rest.probes,
            open_for=rest.open_for,
            open_cap=rest.open_cap,
            jitter=rest.jitter,
        )
        observer.watch_breaker(downstream.name)
        return Breaker(downstream.name, self.clock, options, observer=observer)


@dataclass(frozen=True, slots=True)
class Way:
    """A call's way to the transport, and what is at hand without going it."""

    send: Send
    at_hand: Callable[[Question], Fetched[Any] | None]


class PolicyStack:
    """The policies around the calls to one service; those of one operation are made for it."""

    def __init__(self, downstream: Downstream, outbound: ClientRuntime) -> None:
        self._downstream = downstream
        self._outbound = outbound
        self._observer = MetricsObserver(outbound.metrics)
        share = RetryBudgetOptions(share=downstream.retry_share)
        self._retry_budget = RetryBudget(outbound.clock, share)
        self._doubt = UnprovenTargetPolicy(FailureLimit(outbound.clock), observer=self._observer)
        self._breaker = outbound.breaker_of(downstream)
        self._caches: list[Cached] = []
        self._flights: list[SingleFlight] = []

    def around(self, transport: Send, rule: Operation) -> Way:
        """A call's way to the transport. The first policy is the outermost."""
        watch = self._observer
        clock = self._outbound.clock
        cached = Cached(
            self._outbound.memory,
            clock,
            CacheOptions(budget=rule.budget),
            shared=self._outbound.shared,
            observer=watch,
        )
        flight = SingleFlight(clock, SingleFlightOptions(rule.budget), observer=watch)
        self._caches.append(cached)
        self._flights.append(flight)
        bulkhead = BulkheadOptions(in_flight=rule.in_flight, queue=rule.in_flight)
        send = pipeline(
            transport,
            call_deadline(rule.budget),
            cached,
            flight,
            self._doubt,
            Retry(self._retry_budget, RetryOptions(attempts=rule.attempts), observer=watch),
            Bulkhead(self._downstream.name, bulkhead, observer=watch),
            self._breaker,
            instrumented(self._outbound.metrics),
            attempt_timeout(rule.attempt_timeout),
        )
        return Way(send, cached.at_hand)

    async def forget(self, identity: str, operation: str | None = None) -> None:
        """Drop the reads that a write of this user has changed, of one operation or of all."""
        for flight in self._flights:
            flight.forget(self._downstream.name, identity, operation)
        for cached in self._caches:
            await cached.forget(self._downstream.name, identity, operation)

    async def aclose(self) -> None:
        """End shared calls and refreshes under way."""
        for cached in self._caches:
            await cached.aclose()
        for flight in self._flights:
            await flight.aclose()
