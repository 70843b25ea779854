"""A service, its callers and the pipeline between them, on virtual time."""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import hypothesis.strategies as st

from bff_core.cache import CacheKey, Freshness, MemoryCache
from bff_core.client.call import Call, DownstreamResponse, Send
from bff_core.client.pipeline import apply_policies
from bff_core.client.policies.breaker import Breaker, Permit
from bff_core.client.policies.bulkhead import Bulkhead
from bff_core.client.policies.cached import Cached
from bff_core.client.policies.outcome import Outcome
from bff_core.client.policies.retry import Retry, RetryBudget
from bff_core.client.policies.single_flight import LINGER_SECONDS, SingleFlight
from bff_core.errors import (
    BffError,
    DownstreamFailed,
    DownstreamRefused,
    DownstreamTimeout,
    DownstreamUnreachable,
)
from bff_core.settings import BreakerSettings
from bff_core.testing.clock import FakeClock
from tests.pipeline_kit import RecordingObserver, a_call, a_response

PER_ATTEMPT = 0.8
KINDS = ["good", "500", "404", "429", "down", "hang"]


@dataclass(frozen=True)
class Act:
    """The service's behaviour for one attempt, after `takes` seconds."""

    kind: str
    takes: float


@dataclass(frozen=True)
class Visit:
    """One caller: its arrival, request, patience and hang-up."""

    after: float
    url: str
    write: bool
    seconds: float
    hangs_up: float | None


ACTS = st.lists(
    st.builds(Act, st.sampled_from(KINDS), st.sampled_from([0.0, 0.01, 0.045, 0.06, 0.5, 0.9])),
    min_size=1,
    max_size=30,
)
VISITS = st.lists(
    st.builds(
        Visit,
        after=st.sampled_from([0.0, 0.0, 0.0, 0.001, 0.03, 0.2, 1.0, 3.0, 20.0]),
        url=st.sampled_from(["/a", "/a", "/b", "/c"]),
        write=st.booleans(),
        seconds=st.sampled_from([0.01, 0.05, 0.09, 0.3, 1.0, 1.9]),
        hangs_up=st.sampled_from([None, None, None, 0.0, 0.02, 0.045, 0.4]),
    ),
    min_size=1,
    max_size=40,
)


class CountingBreaker(Breaker):
    """Counts permits and failures."""

    acquired = 0
    marks = 0

    def acquire(self, call: Call) -> Permit:
        permit = super().acquire(call)
        self.acquired += 1
        return permit

    def record(self, permit: Permit, outcome: Outcome, *, may_be_slow: bool = True) -> None:
        self.marks += outcome is Outcome.FAILURE
        super().record(permit, outcome, may_be_slow=may_be_slow)


@dataclass
class Service:
    """Plays its acts in turn, again and again; `faults` counts failures of its own."""

    acts: list[Act]
    clock: FakeClock
    attempts: list[tuple[Call, float]] = field(default_factory=list)
    ends: list[tuple[CacheKey, float]] = field(default_factory=list)
    faults: int = 0
    busiest: int = 0
    busy: int = 0

    async def __call__(self, call: Call) -> DownstreamResponse:
        act = self.acts[len(self.attempts) % len(self.acts)]
        self.attempts.append((call, call.deadline.left()))
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            async with asyncio.timeout(min(PER_ATTEMPT, call.deadline.left())):
                await asyncio.sleep(60.0 if act.kind == "hang" else act.takes)
        except TimeoutError as error:
            self.faults += 1
            raise DownstreamTimeout("results") from error
        finally:
            self.busy -= 1
            self.ends.append((call.key, self.clock.monotonic()))
        return self.answer(act)

    def answer(self, act: Act) -> DownstreamResponse:
        if act.kind in {"404", "429"}:
            self.faults += act.kind == "429"
            raise DownstreamRefused("results", upstream_status=int(act.kind), spoke_json=True)
        if act.kind == "500":
            self.faults += 1
            raise DownstreamFailed("results", upstream_status=500)
        if act.kind == "down":
            self.faults += 1
            raise DownstreamUnreachable("results")
        return a_response()


class World:
    """The pipeline of a client, observed."""

    def __init__(self, clock: FakeClock, acts: list[Act], *, refresh: float = 2.0) -> None:
        self.clock = clock
        self.freshness = Freshness(max_age=0.5, stale_while_revalidate=refresh, stale_if_error=30.0)
        self.stays: list[tuple[CacheKey, float, float]] = []
        self.passing_now: Counter[CacheKey] = Counter()
        self.crowd = 0
        self.observer = RecordingObserver()
        self.entered = 0
        self.service = Service(acts, clock)
        self.breaker = CountingBreaker(
            "results", clock, BreakerSettings(minimum_calls=5), observer=self.observer
        )
        self.bulkhead = Bulkhead("results", max_in_flight=2, max_waiting=3, observer=self.observer)
        self.flights = SingleFlight(clock, observer=self.observer)
        self.cache = Cached(MemoryCache(), clock, observer=self.observer)
        retry = Retry(RetryBudget(clock), attempts=3, observer=self.observer)
        self.send = apply_policies(
            self.service,
            self.cache,
            self.flights,
            self.passing,
            retry,
            self.bulkhead,
            self.breaker,
        )

    def passing(self, send: Send) -> Send:
        """Count calls that pass the cache and the single-flight."""

        async def counted(call: Call) -> DownstreamResponse:
            self.entered += 1
            self.passing_now[call.key] += call.safe
            self.crowd = max(self.crowd, self.passing_now[call.key])
            try:
                return await send(call)
            finally:
                self.passing_now[call.key] -= call.safe

        return counted

    async def live(self, visits: list[Visit]) -> None:
        callers: list[asyncio.Task[None]] = []
        for visit in visits:
            await asyncio.sleep(visit.after)
            callers.append(asyncio.create_task(self.visit(visit)))
        await asyncio.wait(callers)
        await asyncio.sleep(10.0)

    async def visit(self, visit: Visit) -> None:
        call = a_call(
            self.clock,
            url=visit.url,
            method="POST" if visit.write else "GET",
            seconds=visit.seconds,
            freshness=self.freshness,
        )
        task = asyncio.current_task()
        assert task is not None
        if visit.hangs_up is not None:
            asyncio.get_running_loop().call_later(visit.hangs_up, task.cancel)
        came = self.clock.monotonic()
        with suppress(BffError, asyncio.CancelledError):
            await self.send(call)
        self.stays.append((call.key, came, self.clock.monotonic()))

    def waited_for(self, key: CacheKey, moment: float) -> bool:
        """True if a caller waited for the call then, or until a twentieth of a second before."""
        return any(
            key == asked and came <= moment <= left + LINGER_SECONDS + 1e-6
            for asked, came, left in self.stays
        )

    def count(self, *page: str) -> int:
        return sum(each[: len(page)] == page for each in self.observer.events)
