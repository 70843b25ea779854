"""The order of the policies, on random traffic of a service and its callers.

Whatever happens, on the calls' own time:

* what is answered from the cache or by another's call takes no permit and no slot;
* a refusal by the bulkhead, by the deadline or by the breaker is never a mark against the service;
* no attempt starts which the deadline cannot fit;
* equal reads are asked one at a time, and no call outlives those who wait for it;
* at the end no slot, task or half-open lease is left behind.
"""

from dataclasses import replace

import hypothesis.strategies as st
from hypothesis import given, settings

from bff_core.client.call import MIN_ATTEMPT_SECONDS
from bff_core.testing.clock import FakeClock, run_virtually
from tests.property.pipeline_world import ACTS, VISITS, Act, Visit, World


@settings(max_examples=300, deadline=None)
@given(acts=ACTS, visits=VISITS)
def test_policies_keep_their_order(acts: list[Act], visits: list[Visit]) -> None:
    clock = FakeClock()
    world = World(clock, acts)

    run_virtually(clock, world.live(visits))

    attempts = world.service.attempts
    served = sum(world.count(kind) for kind in ("hit", "coalesced"))
    refreshed = world.count("stale_refresh")
    assert world.entered <= len(visits) - served + refreshed
    assert world.breaker.acquired == len(attempts)
    denied = sum(world.count("retried", f"denied_{why}") for why in ("deadline", "budget"))
    assert len(attempts) <= world.entered + world.count("retried") - denied
    assert world.service.busiest <= 2
    assert world.breaker.marks <= world.service.faults
    assert all(left >= MIN_ATTEMPT_SECONDS - 1e-9 for _, left in attempts)
    assert (world.bulkhead.slots.in_use, world.bulkhead.slots.waiting) == (0, 0)
    assert (world.flights.in_flight, world.cache.refreshing, world.service.busy) == (0, 0, 0)
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

    assert all(left >= MIN_ATTEMPT_SECONDS - 1e-9 for _, left in world.service.attempts)
    assert (world.bulkhead.slots.in_use, world.bulkhead.slots.waiting) == (0, 0)


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
