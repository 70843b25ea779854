"""Facts for the screens: one read for all that look, one for a ledger that is away."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from bff_core.composition import fan_out
from bff_core.context import UserId
from bff_core.errors import Unavailable
from bff_core.testing import FakeClock, a_context
from services.bff_teacher.events.recent import MAX_AGE_SECONDS, RecentEvents
from services.bff_teacher.events.store import SqlEventFacts
from tests.contract.counting_database import CountingDatabase
from tests.contract.test_event_facts import an_id, registration

ctx = a_context()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[CountingDatabase]:
    async with aclosing(CountingDatabase(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")) as database:
        yield database


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def events(database: CountingDatabase, clock: FakeClock) -> AsyncIterator[RecentEvents]:
    async with aclosing(RecentEvents(SqlEventFacts(database), clock)) as events:
        yield events


async def test_pages_of_many_teachers_come_by_two_reads_and_each_has_its_own(
    database: CountingDatabase, events: RecentEvents
) -> None:
    batches = {UserId(f"teacher-{number}"): an_id() for number in range(40)}
    await SqlEventFacts(database).write([registration(batch) for batch in batches.values()])
    before = database.reads

    async with fan_out() as group:
        found = {
            user_id: group.create_task(
                events.of_batches(replace(ctx, user_id=user_id), [batch.upper()])
            )
            for user_id, batch in batches.items()
        }

    assert database.reads <= before + 2
    assert {user_id: list(one.result().value) for user_id, one in found.items()} == {
        user_id: [batch] for user_id, batch in batches.items()
    }


async def test_a_ledger_that_is_away_is_asked_once_until_the_failure_is_old(
    database: CountingDatabase, events: RecentEvents, clock: FakeClock
) -> None:
    batch = an_id()
    database.is_down = True
    for _ in range(3):
        with pytest.raises(Unavailable):
            await events.of_batches(ctx, [batch])
    asked = database.reads
    database.is_down = False
    clock.advance(MAX_AGE_SECONDS)

    assert (await events.of_batches(ctx, [batch])).value == {}
    assert asked == 1


async def test_a_write_is_judged_by_a_read_of_its_own(
    database: CountingDatabase, events: RecentEvents
) -> None:
    batch = an_id()
    await events.of_batches(ctx, [batch])
    await SqlEventFacts(database).write([registration(batch)])

    kept = await events.of_batches(ctx, [batch])
    fresh = await events.of_batches(ctx, [batch], fresh=True)

    assert (list(kept.value), list(fresh.value)) == ([], [batch])
