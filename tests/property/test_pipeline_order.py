"""The order of the policies, proven on random days of a service and its callers.

Whatever happens, on the calls' own time:

* what is answered from the cache or by another's call takes no permit and no slot;
* a refusal by the bulkhead, by the deadline or by the breaker is never a mark against the service;
* no attempt starts which the deadline cannot fit;
* equal reads are asked one at a time, and no call outlives those who wait for it;
* at the end no slot, task or half-open lease is left behind.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace

import hypothesis.strategies as st
from hypothesis import given, settings

from bff_core.cache import MemoryCache
from bff_core.errors import (
    BffError,
    DownstreamFailed,
    DownstreamRefused,
    DownstreamTimeout,
    DownstreamUnreachable,
)
from bff_core.http._breaker import Breaker, BreakerOptions, Permit
from bff_core.http._bulkhead import Bulkhead, BulkheadOptions
from bff_core.http._cached import Cached
from bff_core.http._call import LEAST_ATTEMPT, Answer, Call, Freshness, Send
from bff_core.http._pipeline import pipeline
from bff_core.http._retry import Retry, RetryOptions
from bff_core.http._retry_budget import RetryBudget
from bff_core.http._single_flight import LINGER, SingleFlight
from bff_core.http._verdict import Verdict
from bff_core.testing.calls import a_call, an_answer
from bff_core.testing.clock import FakeClock
from bff_core.testing.diary import Diary
from bff_core.testing.virtual_time import run_virtually

PER_ATTEMPT = 0.8
KINDS = ["good", "500", "404", "429", "down", "hang"]


@dataclass(frozen=True)
class Act:
    """How the service meets one attempt, after so many seconds."""

    kind: str
    takes: float


@dataclass(frozen=True)
class Visit:
    """One caller: when it comes, what it asks for, how long it waits, when it hangs up."""

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


class WatchedBreaker(Breaker):
    """Remembers every verdict."""

    admitted = 0
    marks = 0

    def admit(self, call: Call) -> Permit:
        permit = super().admit(call)
        self.admitted += 1
        return permit

    def settle(self, permit: Permit, verdict: Verdict, *, may_be_slow: bool = True) -> None:
        self.marks += verdict is Verdict.FAILURE
        super().settle(permit, verdict, may_be_slow=may_be_slow)


@dataclass
class Service:
    """Plays its acts in turn, again and again; knows how many were its own fault."""

    acts: list[Act]
    clock: FakeClock
    attempts: list[tuple[Call, float]] = field(default_factory=list)
    ends: list[tuple[str, float]] = field(default_factory=list)
    sins: int = 0
    busiest: int = 0
    busy: int = 0

    async def __call__(self, call: Call) -> Answer:
        act = self.acts[len(self.attempts) % len(self.acts)]
        self.attempts.append((call, call.deadline.left()))
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            async with asyncio.timeout(min(PER_ATTEMPT, call.deadline.left())):
                await asyncio.sleep(60.0 if act.kind == "hang" else act.takes)
        except TimeoutError as error:
            self.sins += 1
            raise DownstreamTimeout("results") from error
        finally:
            self.busy -= 1
            self.ends.append((call.key, self.clock.monotonic()))
        return self.answer(act)

    def answer(self, act: Act) -> Answer:
        if act.kind in {"404", "429"}:
            self.sins += act.kind == "429"
            raise DownstreamRefused("results", upstream_status=int(act.kind), spoke_json=True)
        if act.kind == "500":
            self.sins += 1
            raise DownstreamFailed("results", upstream_status=500)
        if act.kind == "down":
            self.sins += 1
            raise DownstreamUnreachable("results")
        return an_answer()


class World:
    """The pipeline as a client has it, with everything watched."""

    def __init__(self, clock: FakeClock, acts: list[Act], *, refresh: float = 2.0) -> None:
        self.clock = clock
        self.freshness = Freshness(fresh=0.5, refresh=refresh, if_error=30.0)
        self.stays: list[tuple[str, float, float]] = []
        self.passing_now: Counter[str] = Counter()
        self.crowd = 0
        self.diary = Diary()
        self.entered = 0
        self.service = Service(acts, clock)
        self.breaker = WatchedBreaker(
            "results", clock, BreakerOptions(minimum_calls=5), observer=self.diary
        )
        self.bulkhead = Bulkhead("results", BulkheadOptions(2, 3), observer=self.diary)
        self.flights = SingleFlight(clock, observer=self.diary)
        self.cache = Cached(MemoryCache(), clock, observer=self.diary)
        retry = Retry(RetryBudget(clock), RetryOptions(attempts=3), observer=self.diary)
        self.send = pipeline(
            self.service,
            self.cache,
            self.flights,
            self.passing,
            retry,
            self.bulkhead,
            self.breaker,
        )

    def passing(self, send: Send) -> Send:
        """Counts what gets through the cache and the single-flight."""

        async def counted(call: Call) -> Answer:
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

    def waited_for(self, key: str, moment: float) -> bool:
        """Whether somebody waited for such a call then, or had until a twentieth before."""
        return any(
            key == asked and came <= moment <= left + LINGER + 1e-6
            for asked, came, left in self.stays
        )

    def count(self, *page: str) -> int:
        return sum(each[: len(page)] == page for each in self.diary.pages)


@settings(max_examples=300, deadline=None)
@given(acts=ACTS, visits=VISITS)
def test_policies_keep_their_order(acts: list[Act], visits: list[Visit]) -> None:
    clock = FakeClock()
    world = World(clock, acts)

    run_virtually(clock, world.live(visits))

    attempts = world.service.attempts
    served = sum(world.count(kind) for kind in ("hit", "coalesced"))
    refreshed = world.count("stale", "refresh")
    assert world.entered <= len(visits) - served + refreshed
    assert world.breaker.admitted == len(attempts)
    assert len(attempts) <= world.entered + world.count("retried")
    assert world.service.busiest <= 2
    assert world.breaker.marks <= world.service.sins
    assert all(left >= LEAST_ATTEMPT - 1e-9 for _, left in attempts)
    assert (world.bulkhead.in_flight, world.bulkhead.waiting) == (0, 0)
    assert (world.flights.under_way, world.cache.refreshing, world.service.busy) == (0, 0, 0)
    assert world.breaker._leases == {}


@settings(max_examples=100, deadline=None)
@given(acts=ACTS, visits=VISITS)
def test_no_call_outlives_those_who_wait_for_it(acts: list[Act], visits: list[Visit]) -> None:
    clock = FakeClock()
    world = World(clock, acts, refresh=0.0)

    run_virtually(clock, world.live(visits))

    assert all(world.waited_for(key, end) for key, end in world.service.ends)


@settings(max_examples=100, deadline=None)
@given(acts=ACTS, visits=VISITS)
def test_equal_reads_are_asked_one_at_a_time(acts: list[Act], visits: list[Visit]) -> None:
    clock = FakeClock()
    world = World(clock, acts)
    patient = [replace(visit, seconds=60.0, hangs_up=None) for visit in visits]

    run_virtually(clock, world.live(patient))

    assert world.crowd <= 1


MOMENTS = st.integers(0, 12).map(lambda tick: tick * 0.005)
CROWD = st.lists(
    st.builds(
        Visit,
        after=st.sampled_from([0.0, 0.0, 0.005]),
        url=st.just("/a"),
        write=st.just(value=True),
        seconds=MOMENTS.map(lambda moment: 0.05 + moment),
        hangs_up=st.none() | MOMENTS,
    ),
    min_size=3,
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(acts=st.lists(st.builds(Act, st.just("good"), MOMENTS), min_size=1), visits=CROWD)
def test_a_crowd_loses_no_slot_and_starts_nothing_late(
    acts: list[Act], visits: list[Visit]
) -> None:
    clock = FakeClock()
    world = World(clock, acts)

    run_virtually(clock, world.live(visits))

    assert all(left >= LEAST_ATTEMPT - 1e-9 for _, left in world.service.attempts)
    assert (world.bulkhead.in_flight, world.bulkhead.waiting) == (0, 0)


@settings(max_examples=50, deadline=None)
@given(visits=VISITS)
def test_a_well_service_is_never_marked(visits: list[Visit]) -> None:
    clock = FakeClock()
    world = World(clock, [Act("good", 0.0), Act("404", 0.01)])

    run_virtually(clock, world.live(visits))

    assert world.breaker.marks == 0
    assert world.count("breaker") == 0


@settings(max_examples=50, deadline=None)
@given(acts=ACTS, visits=VISITS)
def test_writes_are_asked_once_and_never_shared(acts: list[Act], visits: list[Visit]) -> None:
    clock = FakeClock()
    world = World(clock, acts)
    writes = [visit for visit in visits if visit.write]

    run_virtually(clock, world.live(visits))

    asked = [call for call, _ in world.service.attempts if not call.safe]
    assert len(asked) <= len(writes)
