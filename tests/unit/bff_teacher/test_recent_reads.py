"""Reads are shared while they are in flight and kept for seconds, but never past a write."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import pytest

from bff_core.clock import SystemClock
from bff_core.context import Deadline, UserId
from bff_core.errors import Unavailable
from bff_core.testing import FakeClock
from services.bff_teacher.shared_reads import RecentReads
from tests.unit.bff_teacher.fakes import ANNA, a_context

ctx = replace(a_context(), deadline=Deadline.after(3600, SystemClock()))


@dataclass
class Source:
    """Answers with the number of the read once `gate` is open."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    reads: int = 0
    down: Unavailable | None = None

    async def read(self) -> int:
        self.reads += 1
        number = self.reads
        await self.gate.wait()
        if self.down:
            raise self.down
        return number


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def recent(clock: FakeClock) -> AsyncIterator[RecentReads[int]]:
    reads = RecentReads[int](clock, max_age=2.0)
    yield reads
    await reads.aclose()


@pytest.fixture
def source() -> Source:
    source = Source()
    source.gate.set()
    return source


async def test_many_callers_at_once_cost_one_read(recent: RecentReads[int], source: Source) -> None:
    source.gate.clear()
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(recent.get(ctx, "key", source.read)) for _ in range(500)]
        await asyncio.sleep(0)
        source.gate.set()

    assert {call.result().value for call in calls} == {1}
    assert source.reads == 1


async def test_a_read_is_kept_for_its_time_and_tells_its_age(
    recent: RecentReads[int], source: Source, clock: FakeClock
) -> None:
    await recent.get(ctx, "key", source.read)
    clock.advance(1.5)
    kept = await recent.get(ctx, "key", source.read)
    clock.advance(1.0)
    new = await recent.get(ctx, "key", source.read)

    assert (kept.value, kept.age, new.value, new.age) == (1, 1.5, 2, 0.0)


async def test_users_and_keys_do_not_mix(recent: RecentReads[int], source: Source) -> None:
    other = replace(ctx, user_id=UserId("erik-1"))

    values = [
        (await recent.get(who, key, source.read)).value
        for who, key in ((ctx, "a"), (ctx, "b"), (other, "a"), (ctx, "a"))
    ]

    assert values == [1, 2, 3, 1]


async def test_no_caller_joins_a_read_that_began_before_a_write(
    recent: RecentReads[int], source: Source
) -> None:
    source.gate.clear()
    before = asyncio.create_task(recent.get(ctx, "key", source.read))
    await asyncio.sleep(0)
    recent.forget(UserId(ANNA))
    after = asyncio.create_task(recent.get(ctx, "key", source.read))
    await asyncio.sleep(0)
    source.gate.set()

    assert ((await before).value, (await after).value) == (1, 2)
    assert (await recent.get(ctx, "key", source.read)).value == 2


async def test_a_failure_is_each_caller_s_own_and_is_not_kept(
    recent: RecentReads[int], source: Source
) -> None:
    source.down = Unavailable(details={"reason": "ledger_unavailable"})
    calls = [asyncio.create_task(recent.get(ctx, "key", source.read)) for _ in range(2)]
    await asyncio.wait(calls)
    source.down = None

    assert source.reads == 1
    first, second = (call.exception() for call in calls)
    assert first is not second
    assert [str(first), str(second)] == [Unavailable.message] * 2
    assert (await recent.get(ctx, "key", source.read)).value == 2


async def test_a_failure_that_is_kept_costs_one_read_until_it_is_old(
    source: Source, clock: FakeClock
) -> None:
    source.down = Unavailable(details={"reason": "ledger_unavailable"})
    async with aclosing(RecentReads[int](clock, max_age=2.0, keep_failures=True)) as recent:
        errors = []
        for _ in range(3):
            with pytest.raises(Unavailable) as caught:
                await recent.get(ctx, "key", source.read)
            errors.append(caught.value)
        source.down = None
        clock.advance(2.5)
        later = await recent.get(ctx, "key", source.read)

    assert len({id(one) for one in errors}) == 3
    assert (later.value, source.reads) == (2, 2)


async def test_a_caller_without_time_does_not_wait(
    recent: RecentReads[int], source: Source, clock: FakeClock
) -> None:
    source.gate.clear()
    hurried = replace(ctx, deadline=Deadline.after(0, clock))

    with pytest.raises(Unavailable):
        await recent.get(hurried, "key", source.read)
    source.gate.set()

    assert (await recent.get(ctx, "key", source.read)).value == 1
    assert source.reads == 1
