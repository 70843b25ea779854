"""Cached responses are fresh, of one user, and invalidated by a write."""

import asyncio
import sys

import pytest
from msgspec.structs import replace

from bff_core.cache import Freshness, MemoryCache
from bff_core.cache.response_cache import ENTRY_OVERHEAD
from bff_core.client.call import PUBLIC, Call, DownstreamResponse
from bff_core.errors import (
    BffError,
    DownstreamFailed,
)
from bff_core.testing.clock import FakeClock, Run
from tests.pipeline_kit import a_response
from tests.unit.bff_core.client.cached_process import Process, story


def test_a_fresh_answer_asks_nobody_and_tells_its_age(run: Run, process: Process) -> None:
    first, second = story(run, process, 1.9)

    assert (first.age, first.stale) == (0.0, False)
    assert (second.age, second.stale) == (pytest.approx(1.9), False)
    assert second.value == "good"
    assert process.asked == 1
    assert process.observer.events == [("miss",), ("hit",)]


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
    process.service.play(DownstreamResponse(None, b"", status=204))

    story(run, process, 0.0)

    assert process.asked == 2


def test_two_users_never_share(run: Run, process: Process) -> None:
    async def scene() -> None:
        await process.read(identity="teacher-1")
        await process.read(identity="teacher-2")

    run(scene())

    assert process.asked == 2


def test_what_is_public_is_shared_by_all(run: Run, process: Process) -> None:
    story(run, process, 0.0, identity=PUBLIC)

    assert process.asked == 1


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
        await process.invalidate(*write)
        await process.read()

    run(scene())

    assert process.asked == asked


def test_a_read_from_before_a_write_is_not_kept(run: Run, process: Process) -> None:
    async def scene() -> DownstreamResponse:
        process.service.play(0.5)
        before = asyncio.create_task(process.read())
        await asyncio.sleep(0.1)
        await process.invalidate("results", "teacher-1")
        await before
        process.service.play(a_response("after the write"))
        return await process.read()

    assert run(scene()).value == "after the write"


def test_a_refresh_from_before_a_write_is_not_kept(run: Run, process: Process) -> None:
    async def scene() -> DownstreamResponse:
        await process.read()
        await asyncio.sleep(3.0)
        process.service.play(0.5)
        await process.read()
        await asyncio.sleep(0.1)
        await process.invalidate("results", "teacher-1", "list_batches")
        await asyncio.sleep(0.5)
        process.service.play(a_response("after the write"))
        return await process.read()

    assert run(scene()).value == "after the write"


def test_an_answer_from_before_a_write_is_not_served_in_need(run: Run, process: Process) -> None:
    async def scene() -> DownstreamResponse | BffError:
        await process.read()
        await asyncio.sleep(100.0)

        async def fail_late(_: Call) -> DownstreamResponse:
            await asyncio.sleep(0.5)
            raise DownstreamFailed("results")

        process.send = process.cache(fail_late)
        reading = asyncio.create_task(process.attempt())
        await asyncio.sleep(0.1)
        await process.invalidate("results", "teacher-1")
        return await reading

    assert isinstance(run(scene()), DownstreamFailed)


def test_the_value_counts_towards_the_bytes(clock: FakeClock, run: Run) -> None:
    process = Process(clock, memory=MemoryCache(max_bytes=4000))
    process.service.play(
        DownstreamResponse("x" * (1000 - sys.getsizeof("")), b"the same, in quotes and more")
    )

    story(run, process)
    assert process.memory.size == ENTRY_OVERHEAD + 1000

    process.service.play(DownstreamResponse("x", b"x" * 993))
    story(run, process, url="/too-big")
    assert len(process.memory) == 1


def test_an_immutable_answer_stays_fresh(run: Run, process: Process) -> None:
    outcomes = story(run, process, 1e6, freshness=Freshness(max_age=float("inf")))

    assert not outcomes[1].stale
    assert process.asked == 1


def test_headers_are_not_kept(clock: FakeClock, run: Run, process: Process) -> None:
    process.service.play(replace(a_response(), headers={"ETag": '"7"'}))

    read, kept = story(run, process, 1.0)

    assert (read.headers, kept.headers) == ({"ETag": '"7"'}, {})
