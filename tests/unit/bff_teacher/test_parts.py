"""Reads of many ids: what waits goes side by side, what lies in memory needs no task."""

import asyncio
from dataclasses import dataclass, field

import pytest

from bff_core.composition import Fetched, Missing
from bff_core.errors import DownstreamTimeout
from services.bff_teacher.screens.parts import CONCURRENT_READS, read_all, read_each

IDS = [f"B-{number}" for number in range(20)]


@dataclass
class Source:
    """Reads that wait for `gate`, and then fail or give their id."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    failing: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    async def read(self, one: str) -> Fetched[str]:
        self.asked.append(one)
        await self.gate.wait()
        if one in self.failing:
            raise DownstreamTimeout("bos")
        self.ended.append(one)
        return Fetched(one, age=float(one[2:]))


async def test_what_lies_in_memory_is_read_without_a_task() -> None:
    source, tasks = Source(), set()
    source.gate.set()

    async def read(one: str) -> Fetched[str]:
        tasks.update(asyncio.all_tasks())
        return await source.read(one)

    found = await read_all(IDS, read)

    assert list(found) == IDS
    assert tasks == {asyncio.current_task()}


async def test_what_waits_is_read_side_by_side_a_few_at_a_time() -> None:
    source = Source()

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(read_all(IDS, source.read))
        for _ in range(5):
            await asyncio.sleep(0)
        at_first = list(source.asked)
        source.gate.set()

    assert at_first == IDS[:CONCURRENT_READS]
    assert list(reading.result()) == IDS


async def test_the_first_failure_ends_all_reads() -> None:
    source = Source(failing=frozenset(IDS[3:4]))
    source.gate.set()
    slow = asyncio.Event()

    async def read(one: str) -> Fetched[str]:
        if one == IDS[0]:
            await slow.wait()
        return await source.read(one)

    with pytest.raises(DownstreamTimeout):
        await read_all(IDS, read)

    assert IDS[0] not in source.ended
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_one_that_fails_costs_its_own_id_alone() -> None:
    source = Source(failing=frozenset({"B-1"}))
    source.gate.set()

    partial = await read_each(IDS[:3], source.read)

    assert partial.values == {"b-0": "B-0", "b-2": "B-2"}
    assert partial.part == Missing("TIMEOUT")


async def test_all_are_as_old_as_the_oldest() -> None:
    source = Source()
    source.gate.set()

    assert (await read_each(IDS[:3], source.read)).part == Fetched(None, age=2.0)
    assert (await read_each([], source.read)).part == Fetched(None)
