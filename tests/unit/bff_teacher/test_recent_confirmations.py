"""Reads of the ledger that many screens share."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from bff_core.composition import fan_out
from bff_core.context import Deadline, UserId
from bff_core.errors import Unavailable
from bff_core.testing import FakeClock, a_context
from services.bff_teacher.confirmations.recent import MAX_AGE_SECONDS, RecentConfirmations
from tests.unit.bff_teacher.screen_fakes import MemoryConfirmations
from tests.unit.bff_teacher.state_fakes import NOON


@dataclass
class CountingLedger(MemoryConfirmations):
    """Answers once `open` is set."""

    times: dict[str, datetime] = field(default_factory=lambda: {"b-1": NOON})
    open: asyncio.Event = field(default_factory=asyncio.Event)
    reads: int = 0

    async def confirmed_at(self, batch_ids: Sequence[str], caller: UserId) -> dict[str, datetime]:
        self.reads += 1
        await self.open.wait()
        self._fail("confirmed_at")
        return {one: self.times[one] for one in batch_ids if one in self.times}


@pytest.fixture
def ledger() -> CountingLedger:
    ledger = CountingLedger()
    ledger.open.set()
    return ledger


async def test_500_callers_at_once_cost_one_read(ledger: CountingLedger) -> None:
    recent = RecentConfirmations(ledger, FakeClock())

    async with fan_out() as group:
        reads = [
            group.create_task(recent.confirmed(a_context(), ["b-1", "b-2"])) for _ in range(500)
        ]

    assert [one.result() for one in reads] == [{"b-1": NOON}] * 500
    assert ledger.reads == 1
    await recent.aclose()


async def test_a_read_serves_for_two_seconds_and_until_the_teacher_writes(
    ledger: CountingLedger,
) -> None:
    clock = FakeClock()
    recent = RecentConfirmations(ledger, clock)
    reads = []
    for seconds in (0, MAX_AGE_SECONDS):
        clock.advance(seconds)
        await recent.confirmed(a_context(), ["b-1"])
        reads.append(ledger.reads)
    recent.forget(UserId("somebody-else"))
    await recent.confirmed(a_context(), ["b-1"])
    reads.append(ledger.reads)
    recent.forget(a_context().user_id)
    await recent.confirmed(a_context(), ["b-1"])

    assert [*reads, ledger.reads] == [1, 2, 2, 3]
    await recent.aclose()


async def test_a_ledger_that_is_away_is_asked_once_for_all(ledger: CountingLedger) -> None:
    ledger.down.add("confirmed_at")
    recent = RecentConfirmations(ledger, FakeClock())

    for _ in range(2):
        with pytest.raises(Unavailable):
            await recent.confirmed(a_context(), ["b-1"])

    assert ledger.reads == 1
    await recent.aclose()


async def test_a_ledger_that_hangs_costs_a_caller_its_own_time_alone() -> None:
    ledger, clock = CountingLedger(), FakeClock()
    recent = RecentConfirmations(ledger, clock)
    hurried = replace(a_context(), deadline=Deadline.after(0.0, clock))

    with pytest.raises(Unavailable):
        await recent.confirmed(hurried, ["b-1"])
    ledger.open.set()

    assert await recent.confirmed(a_context(), ["b-1"]) == {"b-1": NOON}
    assert ledger.reads == 1
    await recent.aclose()
