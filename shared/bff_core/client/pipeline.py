"""The runtime that all calls of a process share, and the policies around each call."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bff_core.cache.memory import MemoryCache
from bff_core.cache.response_cache import CacheEntry, CacheKey
from bff_core.client.call import Policy, Send
from bff_core.client.policies.breaker import Breaker
from bff_core.client.policies.bulkhead import Bulkhead
from bff_core.client.policies.cached import Cached
from bff_core.client.policies.deadline import attempt_timeout, call_deadline
from bff_core.client.policies.instrumented import instrumented
from bff_core.client.policies.observer import MetricsObserver
from bff_core.client.policies.retry import Retry, RetryBudget
from bff_core.client.policies.single_flight import SingleFlight
from bff_core.client.policies.unproven_target import UnprovenTargetPolicy
from bff_core.clock import Clock
from bff_core.observability import Metrics
from bff_core.ports import SharedCache
from bff_core.settings import Downstream, Operation
from bff_core.token_bucket import TokenBuckets

FAILED_LOOK_UPS = 20
FAILED_LOOK_UPS_PERIOD = 60.0
"""A user may cause `FAILED_LOOK_UPS` failures of unproven URLs in so many seconds."""


@dataclass(frozen=True, slots=True)
class ClientRuntime:
    """Metrics, clock, caches and breakers of the process; `breakers` by service name."""

    metrics: Metrics
    clock: Clock
    memory: MemoryCache[CacheKey, CacheEntry] = field(default_factory=MemoryCache)
    shared_cache: SharedCache | None = None
    breakers: dict[str, Breaker] = field(default_factory=dict)

    def states(self) -> Mapping[str, str]:
        """The breaker state of each service."""
        return {name: breaker.state.value for name, breaker in self.breakers.items()}

    def breaker_of(self, downstream: Downstream) -> Breaker:
        """The one breaker of a service, created on first use."""
        breaker = self.breakers.get(downstream.name)
        if breaker is None:
            observer = MetricsObserver(self.metrics)
            observer.watch_breaker(downstream.name)
            breaker = Breaker(downstream.name, self.clock, downstream.breaker, observer=observer)
            self.breakers[downstream.name] = breaker
        return breaker


def apply_policies(send: Send, *policies: Policy) -> Send:
    """Wrap `send` in policies; the first is the outermost, so the list reads in call order."""
    for policy in reversed(policies):
        send = policy(send)
    return send


class Pipeline:
    """The policies around the calls to one service.

    Breaker, retry budget and known good URLs belong to the service; cache, single-flight and
    bulkhead to each of its operations.
    """

    def __init__(self, downstream: Downstream, runtime: ClientRuntime) -> None:
        self._downstream = downstream
        self._runtime = runtime
        self._observer = MetricsObserver(runtime.metrics)
        self._retry_budget = RetryBudget(runtime.clock, share=downstream.retry_share)
        self._unproven_target = UnprovenTargetPolicy(
            TokenBuckets(runtime.clock, capacity=FAILED_LOOK_UPS, period=FAILED_LOOK_UPS_PERIOD),
            observer=self._observer,
        )
        self._breaker = runtime.breaker_of(downstream)
        self._caches: list[Cached] = []
        self._flights: list[SingleFlight] = []

    def wrap(self, transport: Send, operation: Operation) -> Send:
        """The policies of one operation around `transport`, outermost first."""
        runtime, observer, budget = self._runtime, self._observer, operation.budget
        cached = Cached(
            runtime.memory,
            runtime.clock,
            budget=budget,
            shared_cache=runtime.shared_cache,
            observer=observer,
        )
        single_flight = SingleFlight(runtime.clock, budget=budget, observer=observer)
        bulkhead = Bulkhead(
            self._downstream.name,
            max_in_flight=operation.in_flight,
            max_waiting=operation.in_flight,
            per_caller=operation.share,
            observer=observer,
        )
        self._caches.append(cached)
        self._flights.append(single_flight)
        return apply_policies(
            transport,
            call_deadline(budget),
            cached,
            single_flight,
            self._unproven_target,
            Retry(self._retry_budget, attempts=operation.attempts, observer=observer),
            bulkhead,
            self._breaker,
            instrumented(runtime.metrics),
            attempt_timeout(operation.attempt_timeout),
        )

    async def invalidate(self, identity: str, operation: str | None = None) -> None:
        """Drop the reads that a write of this user has changed, of one operation or of all."""
        for single_flight in self._flights:
            single_flight.invalidate(self._downstream.name, identity, operation)
        for cached in self._caches:
            await cached.invalidate(self._downstream.name, identity, operation)

    async def aclose(self) -> None:
        """Cancel refreshes and shared calls in flight and wait for their end."""
        for cached in self._caches:
            await cached.aclose()
        for single_flight in self._flights:
            await single_flight.aclose()
