"""The runtime that all calls of a process share, and the policies around each call."""

from dataclasses import dataclass, field

from bff_core.cache.response_cache import CacheEntry, CacheKey, MemoryCache
from bff_core.client.call import Policy, Send
from bff_core.client.policies.attempt import attempt_timeout, call_deadline, instrumented
from bff_core.client.policies.breaker import Breaker, HealthProbe
from bff_core.client.policies.bulkhead import Bulkhead
from bff_core.client.policies.cached import Cached, RefreshQueue
from bff_core.client.policies.observer import MetricsObserver
from bff_core.client.policies.outcome import UnprovenTargetPolicy
from bff_core.client.policies.retry import Retry, RetryBudget
from bff_core.client.policies.scoped_breakers import OperationBreaker, ServiceBreaker
from bff_core.client.policies.single_flight import SingleFlight
from bff_core.client.transport import document_at
from bff_core.clock import Clock
from bff_core.observability import Metrics
from bff_core.ports import BreakerStatus, SharedCache
from bff_core.settings import Downstream, Operation
from bff_core.token_bucket import TokenBuckets

FAILED_LOOK_UPS = 20
FAILED_LOOK_UPS_PERIOD = 60.0
"""A user may cause `FAILED_LOOK_UPS` failures of unproven URLs in so many seconds."""


@dataclass(frozen=True, slots=True)
class ClientRuntime:
    """Metrics, clock, caches and breakers of the process.

    `breakers` are by service and operation; the operation None is the whole service.
    """

    metrics: Metrics
    clock: Clock
    memory: MemoryCache[CacheKey, CacheEntry] = field(default_factory=MemoryCache)
    shared_cache: SharedCache | None = None
    breakers: dict[tuple[str, str | None], Breaker] = field(default_factory=dict)
    health: dict[str, HealthProbe] = field(default_factory=dict)

    def states(self) -> list[BreakerStatus]:
        """The state of each breaker, a service's own before those of its operations."""
        breakers = sorted(
            self.breakers.values(), key=lambda one: (one.service, one.operation or "")
        )
        return [BreakerStatus(one.service, one.operation, one.state.value) for one in breakers]

    def breaker_of(self, downstream: Downstream, operation: str | None = None) -> Breaker:
        """The one breaker of an operation, or of the service, created on first use."""
        name = downstream.name
        if (name, operation) in self.breakers:
            return self.breakers[name, operation]
        if name not in self.health:
            check = document_at(f"{downstream.url}/healthz", name=name)
            self.health[name] = HealthProbe(check, self.clock)
        observer = MetricsObserver(self.metrics)
        observer.watch_breaker(name, operation)
        kind = ServiceBreaker if operation is None else OperationBreaker
        breaker = self.breakers[name, operation] = kind(
            name,
            self.clock,
            downstream.breaker,
            operation=operation,
            observer=observer,
            lag=self.metrics.loop_lag.since,
            health=self.health[name],
        )
        return breaker

    async def aclose(self) -> None:
        """Cancel the health checks in flight and wait for their end."""
        for probe in self.health.values():
            await probe.aclose()


def apply_policies(send: Send, *policies: Policy) -> Send:
    """Wrap `send` in policies; the first is the outermost, so the list reads in call order."""
    for policy in reversed(policies):
        send = policy(send)
    return send


class Pipeline:
    """The policies around the calls to one service.

    Retry budget, known good URLs, refresh queue and one breaker belong to the service; cache,
    single-flight, bulkhead and another breaker to each of its operations.
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
        self._refreshes = RefreshQueue()
        self._caches: list[Cached] = []
        self._flights: list[SingleFlight] = []

    def wrap(self, transport: Send, name: str, operation: Operation) -> Send:
        """The policies of the operation `name` around `transport`, outermost first."""
        runtime, observer, budget = self._runtime, self._observer, operation.budget
        cached = Cached(
            runtime.memory,
            runtime.clock,
            budget=budget,
            shared_cache=runtime.shared_cache,
            observer=observer,
            supersede=lambda call: self.forget(call.identity, *call.supersedes),
            refreshes=self._refreshes,
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
            cached,
            call_deadline(budget),
            single_flight,
            self._refreshes,
            self._unproven_target,
            Retry(self._retry_budget, attempts=operation.attempts, observer=observer),
            bulkhead,
            self._breaker,
            runtime.breaker_of(self._downstream, name),
            instrumented(runtime.metrics),
            attempt_timeout(operation.attempt_timeout),
        )

    def forget(self, identity: str | None, *operations: str) -> None:
        """Drop a user's reads of these operations, or of all, from this process's memory.

        Reads in flight are neither stored nor joined by later ones. An `identity` of None stands
        for all users.
        """
        service = self._downstream.name
        self._runtime.memory.drop_if(lambda key: key.is_changed_by(service, identity, *operations))
        for single_flight in self._flights:
            single_flight.invalidate(service, identity, *operations)
        for cached in self._caches:
            cached.responses.mark_outdated(service, identity, *operations)

    async def invalidate(self, identity: str | None, *operations: str) -> None:
        """Forget the reads that a write has changed, here and in the shared cache."""
        self.forget(identity, *operations)
        if self._caches:
            await self._caches[0].responses.record_write(self._downstream.name, identity)

    async def aclose(self) -> None:
        """Cancel the calls that belong to no request: refreshes and shared ones."""
        await self._refreshes.aclose()
        for single_flight in self._flights:
            await single_flight.aclose()
