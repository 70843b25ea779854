"""The promises of kept answers, fresh and stale."""

import asyncio
import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bff_core.cache import MemoryCache, MemoryOptions, NullCache
from bff_core.errors import (
    BffError,
    CircuitOpen,
    DownstreamError,
    DownstreamFailed,
    DownstreamRefused,
    DownstreamSaturated,
    DownstreamTimeout,
    DownstreamUnreachable,
    RateLimited,
)
from bff_core.http._cached import Cached, CacheOptions
from bff_core.http._call import PUBLIC, Answer, Call, Freshness
from bff_core.http._pipeline import pipeline
from bff_core.http._shelf import Kept
from bff_core.http._single_flight import SingleFlight
from bff_core.testing.calls import Act, ScriptedService, a_call, an_answer
from bff_core.testing.clock import FakeClock
from bff_core.testing.diary import Diary
from bff_core.testing.shared_cache import FakeSharedCache
from bff_core.testing.virtual_time import Run

DASHBOARD = Freshness(fresh=2.0, refresh=5.0, if_error=600.0)
CLASSES = Freshness(fresh=30.0, refresh=300.0, if_error=3600.0, shared=True)


@dataclass
class Process:
    """One process with a memory of its own; `shared` may be the store of several."""

    clock: FakeClock
    shared: FakeSharedCache | None = None
    service: ScriptedService = field(default_factory=ScriptedService)
    diary: Diary = field(default_factory=Diary)
    memory: MemoryCache[Kept] = field(default_factory=MemoryCache)
    options: CacheOptions = field(default_factory=CacheOptions)

    def __post_init__(self) -> None:
        self.cache = Cached(
            self.memory, self.clock, self.options, shared=self.shared, observer=self.diary
        )
        self.send = self.cache(self.service)

    async def read(self, **asked: Any) -> Answer:
        asked = {"freshness": DASHBOARD, **asked}
        return await self.send(a_call(self.clock, **asked))

    async def attempt(self, **asked: Any) -> Answer | BffError:
        try:
            return await self.read(**asked)
        except BffError as error:
            return error

    @property
    def asked(self) -> int:
        return len(self.service.calls)


@pytest.fixture
def process(clock: FakeClock) -> Process:
    return Process(clock)


@pytest.fixture
def shared(clock: FakeClock) -> FakeSharedCache:
    return FakeSharedCache(clock)


def story(run: Run, process: Process, *steps: float | Act, **asked: Any) -> list[Any]:
    """Reads once, then for every step either waits or changes the script, and reads again."""

    async def tell_it() -> list[Any]:
        outcomes = [await process.attempt(**asked)]
        for step in steps:
            if isinstance(step, float):
                await asyncio.sleep(step)
                outcomes.append(await process.attempt(**asked))
            else:
                process.service.play(step)
        await asyncio.sleep(0.0)
        return outcomes

    return run(tell_it())


def test_a_fresh_answer_asks_nobody_and_tells_its_age(run: Run, process: Process) -> None:
    first, second = story(run, process, 1.9)

    assert (first.age, first.stale) == (0.0, False)
    assert (second.age, second.stale) == (pytest.approx(1.9), False)
    assert second.value == "good"
    assert process.asked == 1
    assert process.diary.pages == [("missed",), ("hit",)]


def test_an_answer_without_freshness_is_not_kept(run: Run, process: Process) -> None:
    story(run, process, 0.0, freshness=Freshness())

    assert process.asked == 2
    assert len(process.memory) == 0


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_write_is_never_kept(run: Run, process: Process, method: str) -> None:
    story(run, process, 0.0, method=method)

    assert process.asked == 2
    assert len(process.memory) == 0


def test_only_a_plain_good_answer_is_kept(run: Run, process: Process) -> None:
    process.service.play(Answer(None, b"", status=204))

    story(run, process, 0.0)

    assert process.asked == 2


def test_no_longer_fresh_is_served_stale_while_one_refresh_runs(run: Run, process: Process) -> None:
    process.service.play(0.0)

    async def scene() -> list[Answer]:
        await process.read()
        await asyncio.sleep(3.0)
        process.service.play(0.5)
        stale = [await process.read() for _ in range(100)]
        assert process.cache.refreshing == 1
        await asyncio.sleep(0.6)
        return [*stale, await process.read()]

    *stale, refreshed = run(scene())

    assert all(answer.stale and answer.age == pytest.approx(3.0) for answer in stale)
    assert (refreshed.stale, refreshed.age) == (False, pytest.approx(0.1))
    assert process.asked == 2
    assert process.diary.pages[1:] == [("stale", "refresh")] * 100 + [("hit",)]


def test_a_refresh_has_its_own_time(clock: FakeClock, run: Run, process: Process) -> None:
    story(run, process, 3.0, seconds=0.1)

    assert process.service.calls[1].deadline.at == clock.monotonic() + 2.0


def test_a_refresh_that_ignores_its_time_is_ended(run: Run, process: Process) -> None:
    async def scene() -> None:
        await process.read()
        await asyncio.sleep(3.0)
        process.service.play(1000.0)
        await process.read()
        await asyncio.sleep(2.06)
        assert (process.service.busy, process.cache.refreshing) == (0, 0)

    run(scene())

    assert process.diary.pages[-1] == ("refresh_failed", "TIMEOUT")


def test_a_failed_refresh_is_told_and_the_next_read_tries_again(run: Run, process: Process) -> None:
    outcomes = story(
        run, process, DownstreamFailed("results"), 3.0, 0.1, an_answer("new"), 0.1, 0.1
    )

    assert [each.value for each in outcomes] == ["good", "good", "good", "new", "new"]
    assert ("refresh_failed", "EXTERNAL_SERVICE_ERROR") in process.diary.pages


def test_a_refresh_that_is_told_no_drops_the_answer(run: Run, process: Process) -> None:
    gone = DownstreamRefused("results", upstream_status=404, spoke_json=True)

    outcomes = story(run, process, gone, 3.0, 0.1)

    assert outcomes[1].stale
    assert outcomes[2] is gone


def test_after_the_refresh_time_the_source_is_asked(run: Run, process: Process) -> None:
    outcomes = story(run, process, an_answer("new"), 7.1)

    assert (outcomes[1].value, outcomes[1].stale) == ("new", False)


FAILURES: list[DownstreamError] = [
    DownstreamFailed("results"),
    DownstreamTimeout("results"),
    DownstreamUnreachable("results"),
    DownstreamSaturated("results"),
    CircuitOpen("results"),
    DownstreamRefused("results", upstream_status=429, spoke_json=True),
]


@pytest.mark.parametrize("failure", FAILURES)
def test_when_the_source_fails_the_old_answer_serves(
    run: Run, process: Process, failure: DownstreamError
) -> None:
    outcomes = story(run, process, failure, 600.0)

    assert outcomes[1].stale
    assert outcomes[1].age == pytest.approx(600.0)
    assert process.diary.pages[-1] == ("stale", "error")


def test_after_its_time_the_failure_is_honest(run: Run, process: Process) -> None:
    failure = CircuitOpen("results")

    outcomes = story(run, process, failure, 601.9, 0.2)

    assert outcomes[1].stale
    assert outcomes[2] is failure


def test_an_answer_that_grew_too_old_during_the_read_is_not_served(
    clock: FakeClock, run: Run, process: Process
) -> None:
    failure = DownstreamFailed("results")

    def fail_late(_: Call) -> Answer:
        clock.advance(0.2)
        raise failure

    assert story(run, process, fail_late, 601.9)[1] is failure


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_no_of_the_source_is_not_hidden_by_an_old_yes(
    run: Run, process: Process, status: int
) -> None:
    no = DownstreamRefused("results", upstream_status=status, spoke_json=True)
    down = CircuitOpen("results")

    outcomes = story(run, process, no, 10.0, down, 0.1)

    assert outcomes[1] is no
    assert outcomes[2] is down


def test_a_router_s_page_does_not_cost_the_old_answer(run: Run, process: Process) -> None:
    page = DownstreamRefused("results", upstream_status=404, spoke_json=False)

    outcomes = story(run, process, page, 10.0, CircuitOpen("results"), 0.1)

    assert outcomes[1] is page
    assert outcomes[2].stale


def test_failures_are_never_kept(run: Run, process: Process) -> None:
    process.service.play(DownstreamFailed("results"), an_answer("good"))

    outcomes = story(run, process, 0.0)

    assert isinstance(outcomes[0], DownstreamFailed)
    assert outcomes[1].value == "good"


def test_a_refusal_of_ours_comes_out(run: Run, process: Process) -> None:
    limited = RateLimited()

    assert story(run, process, limited, 10.0)[1] is limited


def test_a_hung_source_leaves_time_to_serve_the_old_answer(
    clock: FakeClock, run: Run, process: Process
) -> None:
    async def hang(call: Call) -> Answer:
        await asyncio.sleep(call.deadline.left())
        raise DownstreamTimeout("results")

    async def scene() -> Answer:
        await process.read()
        await asyncio.sleep(100.0)
        call = a_call(clock, freshness=DASHBOARD, seconds=1.0)
        async with asyncio.timeout(1.0):
            return await process.cache(hang)(call)

    assert run(scene()).stale


def test_two_users_never_share(run: Run, process: Process) -> None:
    async def scene() -> None:
        await process.read(identity="teacher-1")
        await process.read(identity="teacher-2")

    run(scene())

    assert process.asked == 2


def test_what_is_public_is_shared_by_all(run: Run, process: Process) -> None:
    story(run, process, 0.0, identity=PUBLIC)

    assert process.asked == 1


def test_an_answer_that_was_shared_by_many_is_kept_once(
    clock: FakeClock, run: Run, shared: FakeSharedCache
) -> None:
    process = Process(clock, shared)
    puts: list[str] = []

    class Counting(FakeSharedCache):
        async def put(self, key: str, value: bytes, *, ttl: float) -> None:
            puts.append(key)

    cache = Cached(process.memory, clock, shared=Counting(clock))
    send = pipeline(ScriptedService(0.1), cache, SingleFlight(clock))

    async def scene() -> None:
        calls = [a_call(clock, freshness=CLASSES) for _ in range(50)]
        await asyncio.wait([asyncio.create_task(send(call)) for call in calls])

    run(scene())

    assert len(puts) == 1


@pytest.mark.parametrize(
    ("write", "asked"),
    [
        (("results", "teacher-1"), 2),
        (("results", "teacher-1", "list_batches"), 2),
        (("results", "teacher-1", "other"), 1),
        (("results", "teacher-2"), 1),
        (("classes", "teacher-1"), 1),
    ],
)
def test_a_write_drops_the_reads_it_changes(
    run: Run, process: Process, write: tuple[str, ...], asked: int
) -> None:
    async def scene() -> None:
        await process.read()
        await process.cache.forget(*write)
        await process.read()

    run(scene())

    assert process.asked == asked


def test_a_read_from_before_a_write_is_not_kept(run: Run, process: Process) -> None:
    async def scene() -> Answer:
        process.service.play(0.5)
        before = asyncio.create_task(process.read())
        await asyncio.sleep(0.1)
        await process.cache.forget("results", "teacher-1")
        await before
        process.service.play(an_answer("after the write"))
        return await process.read()

    assert run(scene()).value == "after the write"


def test_a_refresh_from_before_a_write_is_not_kept(run: Run, process: Process) -> None:
    async def scene() -> Answer:
        await process.read()
        await asyncio.sleep(3.0)
        process.service.play(0.5)
        await process.read()
        await asyncio.sleep(0.1)
        await process.cache.forget("results", "teacher-1", "list_batches")
        await asyncio.sleep(0.5)
        process.service.play(an_answer("after the write"))
        return await process.read()

    assert run(scene()).value == "after the write"


def test_an_answer_from_before_a_write_is_not_served_in_need(run: Run, process: Process) -> None:
    async def scene() -> Answer | BffError:
        await process.read()
        await asyncio.sleep(100.0)

        async def fail_late(_: Call) -> Answer:
            await asyncio.sleep(0.5)
            raise DownstreamFailed("results")

        process.send = process.cache(fail_late)
        reading = asyncio.create_task(process.attempt())
        await asyncio.sleep(0.1)
        await process.cache.forget("results", "teacher-1")
        return await reading

    assert isinstance(run(scene()), DownstreamFailed)


def test_closing_ends_refreshes_and_waits_for_them(run: Run, process: Process) -> None:
    async def scene() -> Answer:
        await process.read()
        await asyncio.sleep(3.0)
        process.service.play(1.0)
        await process.read()
        await asyncio.sleep(0.1)
        assert process.service.busy == 1
        await process.cache.aclose()
        assert (process.service.busy, process.cache.refreshing) == (0, 0)
        return await process.read()

    assert run(scene()).stale
    assert process.asked == 2


def test_another_process_finds_it_in_the_shared_cache(
    clock: FakeClock, run: Run, shared: FakeSharedCache
) -> None:
    first, second = Process(clock, shared), Process(clock, shared)

    async def scene() -> Answer:
        await first.read(freshness=CLASSES)
        await asyncio.sleep(20.0)
        return await second.read(freshness=CLASSES)

    answer = run(scene())

    assert (answer.value, answer.stale, answer.age) == ("good", False, pytest.approx(20.0))
    assert answer.body == json.dumps("good").encode()
    assert second.asked == 0


def test_its_age_goes_on_after_it_was_found(
    clock: FakeClock, run: Run, shared: FakeSharedCache
) -> None:
    first, second = Process(clock, shared), Process(clock, shared)

    async def scene() -> Answer:
        await first.read(freshness=CLASSES)
        await asyncio.sleep(20.0)
        await second.read(freshness=CLASSES)
        await asyncio.sleep(20.0)
        return await second.read(freshness=CLASSES)

    answer = run(scene())

    assert (answer.stale, answer.age) == (True, pytest.approx(40.0))


def test_a_newer_answer_of_another_process_is_preferred(
    clock: FakeClock, run: Run, shared: FakeSharedCache
) -> None:
    first, second = Process(clock, shared), Process(clock, shared)
    second.service.play(an_answer("newer"))

    async def scene() -> Answer:
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
    run(process.cache.forget("results", "teacher-1"))

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
        await second.cache.forget("results", "teacher-1")
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
        await second.cache.forget("results", "teacher-1")
        await reading
        await third.read(freshness=CLASSES)

    run(scene())

    assert third.asked == 1


def test_a_read_well_after_a_write_is_shared_again(
    clock: FakeClock, run: Run, shared: FakeSharedCache
) -> None:
    first, second = Process(clock, shared), Process(clock, shared)

    async def scene() -> None:
        await first.cache.forget("results", "teacher-1")
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
        await first.cache.forget("results", "teacher-1")
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


def test_a_cache_that_keeps_nothing_is_fine(clock: FakeClock, run: Run) -> None:
    cache = Cached(MemoryCache(), clock, shared=NullCache())
    send = cache(ScriptedService())

    async def scene() -> Answer:
        await cache.forget("results", "teacher-1")
        return await send(a_call(clock, freshness=CLASSES))

    assert run(scene()).value == "good"


def test_body_and_value_count_towards_the_bytes(clock: FakeClock, run: Run) -> None:
    process = Process(clock, memory=MemoryCache(MemoryOptions(size=4000)))
    process.service.play(Answer("x", b"x" * 990))

    story(run, process)
    assert process.memory.size == 1024 + 3 * 990

    process.service.play(Answer("x", b"x" * 993))
    story(run, process, url="/too-big")
    assert len(process.memory) == 1


def test_an_immutable_answer_stays_fresh(run: Run, process: Process) -> None:
    outcomes = story(run, process, 1e6, freshness=Freshness(fresh=float("inf")))

    assert not outcomes[1].stale
    assert process.asked == 1


def test_headers_are_served_again(clock: FakeClock, run: Run, process: Process) -> None:
    process.service.play(replace(an_answer(), headers={"ETag": '"7"'}))

    assert story(run, process, 1.0)[1].headers == {"ETag": '"7"'}
