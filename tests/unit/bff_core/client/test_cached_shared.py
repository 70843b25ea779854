"""Processes share cached responses through the shared cache, and never texts or names."""

import asyncio

import pytest

from bff_core.client.call import DownstreamResponse
from bff_core.client.pipeline import apply_policies
from bff_core.client.policies.cached import Cached
from bff_core.client.policies.single_flight import SingleFlight
from bff_core.errors import (
    DownstreamFailed,
    DownstreamRefused,
)
from bff_core.testing.clock import FakeClock, Run
from bff_core.testing.doubles import FakeSharedCache
from tests.pipeline_kit import ScriptedService, a_call, a_response
from tests.unit.bff_core.client.cached_process import CLASSES, DASHBOARD, Process, story


@pytest.fixture
def shared(clock: FakeClock) -> FakeSharedCache:
    return FakeSharedCache(clock)


def test_an_answer_that_was_shared_by_many_is_kept_once(
    clock: FakeClock, run: Run, shared: FakeSharedCache
) -> None:
    process = Process(clock, shared)
    puts: list[str] = []

    class Counting(FakeSharedCache):
        async def put(self, key: str, value: bytes, *, ttl: float) -> None:
            puts.append(key)

    cache = Cached(process.memory, clock, shared_cache=Counting(clock))
    send = apply_policies(ScriptedService(0.1), cache, SingleFlight(clock))

    async def scene() -> None:
        calls = [a_call(clock, freshness=CLASSES) for _ in range(50)]
        await asyncio.wait([asyncio.ensure_future(send(call)) for call in calls])

    run(scene())

    assert len(puts) == 1


def test_another_process_finds_it_in_the_shared_cache(
    clock: FakeClock, run: Run, shared: FakeSharedCache
) -> None:
    first, second = Process(clock, shared), Process(clock, shared)

    async def scene() -> DownstreamResponse:
        await first.read(freshness=CLASSES)
        await asyncio.sleep(20.0)
        return await second.read(freshness=CLASSES)

    answer = run(scene())

    assert (answer.value, answer.stale, answer.age) == ("good", False, pytest.approx(20.0))
    assert second.asked == 0


def test_its_age_goes_on_after_it_was_found(
    clock: FakeClock, run: Run, shared: FakeSharedCache
) -> None:
    first, second = Process(clock, shared), Process(clock, shared)

    async def scene() -> DownstreamResponse:
        await first.read(freshness=CLASSES)
        await asyncio.sleep(20.0)
        await second.read(freshness=CLASSES)
        await asyncio.sleep(20.0)
        return await second.read(freshness=CLASSES)

    answer = run(scene())

    assert (answer.stale, answer.age) == (False, pytest.approx(40.0))


def test_a_newer_answer_of_another_process_is_preferred(
    clock: FakeClock, run: Run, shared: FakeSharedCache
) -> None:
    first, second = Process(clock, shared), Process(clock, shared)
    second.service.play(a_response("newer"))

    async def scene() -> DownstreamResponse:
        await first.read(freshness=CLASSES)
        await asyncio.sleep(331.0)
        await second.read(freshness=CLASSES)
        return await first.read(freshness=CLASSES)

    answer = run(scene())

    assert (answer.value, answer.stale) == ("newer", False)
    assert first.asked == 1


def test_a_fresh_answer_in_memory_asks_no_store(
    clock: FakeClock, run: Run, shared: FakeSharedCache
) -> None:
    process = Process(clock, shared)

    story(run, process, 1.0, 1.0, freshness=CLASSES)

    assert shared.asked == 1


def test_texts_and_names_never_reach_the_shared_cache(
    clock: FakeClock, run: Run, shared: FakeSharedCache
) -> None:
    story(run, Process(clock, shared), 3.0, 10.0, freshness=DASHBOARD)

    assert shared.held == {}
    assert shared.asked == 0


def test_keys_of_the_shared_cache_tell_nothing(
    clock: FakeClock, run: Run, shared: FakeSharedCache
) -> None:
    process = Process(clock, shared)
    story(run, process, freshness=CLASSES)
    run(process.invalidate("results", "teacher-1"))

    assert len(shared.held) == 2
    for key in shared.held:
        prefix, digest = key.split(":")
        assert prefix == "bff1"
        assert len(digest) == 64


def test_users_do_not_share_in_the_shared_cache(
    clock: FakeClock, run: Run, shared: FakeSharedCache
) -> None:
    first, second = Process(clock, shared), Process(clock, shared)

    async def scene() -> None:
        await first.read(freshness=CLASSES, identity="teacher-1")
        await second.read(freshness=CLASSES, identity="teacher-2")

    run(scene())

    assert second.asked == 1


@pytest.mark.parametrize("rubbish", [b"", b"short", b"12345678not json", b"12345678"])
def test_what_cannot_be_read_is_a_miss(
    clock: FakeClock, run: Run, shared: FakeSharedCache, rubbish: bytes
) -> None:
    first, second = Process(clock, shared), Process(clock, shared)
    story(run, first, freshness=CLASSES)
    shared.held = dict.fromkeys(shared.held, rubbish)

    [answer] = story(run, second, freshness=CLASSES)

    assert (answer.value, answer.age) == ("good", 0.0)
    assert second.asked == 1


def test_a_write_in_one_process_is_heeded_by_the_others(
    clock: FakeClock, run: Run, shared: FakeSharedCache
) -> None:
    first, second, third = (Process(clock, shared) for _ in range(3))

    async def scene() -> None:
        await first.read(freshness=CLASSES)
        await asyncio.sleep(1.0)
        await second.invalidate("results", "teacher-1")
        await third.read(freshness=CLASSES)
        await second.read(freshness=CLASSES)

    run(scene())

    assert (second.asked, third.asked) == (1, 1)


def test_a_read_that_ended_just_after_a_write_elsewhere_is_doubted(
    clock: FakeClock, run: Run, shared: FakeSharedCache
) -> None:
    first, second, third = (Process(clock, shared) for _ in range(3))

    async def scene() -> None:
        first.service.play(0.5)
        reading = asyncio.create_task(first.read(freshness=CLASSES))
        await asyncio.sleep(0.1)
        await second.invalidate("results", "teacher-1")
        await reading
        await third.read(freshness=CLASSES)

    run(scene())

    assert third.asked == 1


def test_a_read_well_after_a_write_is_shared_again(
    clock: FakeClock, run: Run, shared: FakeSharedCache
) -> None:
    first, second = Process(clock, shared), Process(clock, shared)

    async def scene() -> None:
        await first.invalidate("results", "teacher-1")
        await asyncio.sleep(2.1)
        await first.read(freshness=CLASSES)
        await second.read(freshness=CLASSES)

    run(scene())

    assert second.asked == 0


def test_an_unreadable_mark_of_a_write_stands_for_a_recent_one(
    clock: FakeClock, run: Run, shared: FakeSharedCache
) -> None:
    first, second = Process(clock, shared), Process(clock, shared)

    async def scene() -> None:
        await first.invalidate("results", "teacher-1")
        shared.held = dict.fromkeys(shared.held, b"rubbish")
        await asyncio.sleep(10.0)
        await first.read(freshness=CLASSES)
        await second.read(freshness=CLASSES)

    run(scene())

    assert second.asked == 1


def test_a_no_is_heeded_in_the_shared_cache_too(
    clock: FakeClock, run: Run, shared: FakeSharedCache
) -> None:
    process = Process(clock, shared)
    no = DownstreamRefused("results", upstream_status=403, spoke_json=True)

    story(run, process, no, 331.0, freshness=CLASSES)

    assert shared.held == {}


def test_without_the_shared_store_memory_goes_on(
    clock: FakeClock, run: Run, shared: FakeSharedCache
) -> None:
    process = Process(clock, shared)
    shared.away = True

    outcomes = story(run, process, 1.0, DownstreamFailed("results"), 1000.0, freshness=CLASSES)

    assert [each.value for each in outcomes] == ["good"] * 3
    assert process.asked == 2
