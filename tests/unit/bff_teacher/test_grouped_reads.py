"""Reads that wait are made as one, after the call, and each caller gets what it asked for."""

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field

import pytest

from bff_core.errors import Unavailable
from services.bff_teacher.shared_reads import MAX_IDS, GroupedReads


@dataclass
class Source:
    """Answers once `gate` is open with the number of the read, for every id but `unknown`."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[list[str]] = field(default_factory=list)
    in_flight: int = 0
    down: Unavailable | None = None

    async def read(self, ids: Collection[str]) -> dict[str, int]:
        self.asked.append(list(ids))
        number = len(self.asked)
        self.in_flight += 1
        assert self.in_flight == 1
        try:
            await self.gate.wait()
        finally:
            self.in_flight -= 1
        if self.down:
            raise self.down
        return {one: number for one in ids if one != "unknown"}


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
async def grouped(source: Source) -> AsyncIterator[GroupedReads[int]]:
    reads = GroupedReads(source.read)
    yield reads
    await reads.aclose()


async def begin(grouped: GroupedReads[int], *ids: str) -> asyncio.Task[dict[str, int]]:
    """A call whose read has begun or waits."""
    task = asyncio.create_task(grouped.get(ids))
    for _ in range(3):
        await asyncio.sleep(0)
    return task


async def test_those_that_wait_are_read_together_and_get_their_own(
    grouped: GroupedReads[int], source: Source
) -> None:
    first = await begin(grouped, "a")
    others = [await begin(grouped, *ids) for ids in ("ab", "bc", ["unknown"])]
    source.gate.set()

    assert await first == {"a": 1}
    assert [await one for one in others] == [{"a": 2, "b": 2}, {"b": 2, "c": 2}, {}]
    assert source.asked == [["a"], ["a", "b", "c", "unknown"]]


async def test_a_large_group_takes_several_reads(
    grouped: GroupedReads[int], source: Source
) -> None:
    source.gate.set()
    ids = [f"{number:04}" for number in range(2 * MAX_IDS + 1)]

    assert list(await grouped.get(ids)) == ids
    assert [len(one) for one in source.asked] == [MAX_IDS, MAX_IDS, 1]


async def test_a_failure_is_each_caller_s_own_and_ends_with_its_read(
    grouped: GroupedReads[int], source: Source
) -> None:
    source.down = Unavailable(details={"reason": "ledger_unavailable"})
    calls = [await begin(grouped, "a") for _ in range(3)]
    source.gate.set()
    await asyncio.wait(calls)
    source.down = None

    errors = [call.exception() for call in calls]
    assert [type(one) for one in errors] == [Unavailable] * 3
    assert len({id(one) for one in errors}) == 3
    assert await grouped.get(["a"]) == {"a": 3}


async def test_a_caller_that_leaves_ends_no_read_of_others(
    grouped: GroupedReads[int], source: Source
) -> None:
    leaving = await begin(grouped, "a")
    waiting = await begin(grouped, "b")
    leaving.cancel()
    waiting_too = await begin(grouped, "b")
    source.gate.set()

    assert [await waiting, await waiting_too] == [{"b": 2}, {"b": 2}]
    assert leaving.cancelled()


async def test_who_waits_at_the_end_of_the_process_is_told(
    grouped: GroupedReads[int],
) -> None:
    calls = [await begin(grouped, "a") for _ in range(2)]
    await grouped.aclose()

    for call in calls:
        with pytest.raises(Unavailable):
            await call
    with pytest.raises(Unavailable):
        await grouped.get(["a"])
