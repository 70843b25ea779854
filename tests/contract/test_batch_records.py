"""Records of batches: found in one read, which all screens of a teacher share for seconds."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from bff_core.composition import fan_out
from bff_core.context import Deadline, UserId
from bff_core.errors import Unavailable
from bff_core.testing import FakeClock, a_context
from services.bff_teacher.confirmations.creation import CreationOutcome
from services.bff_teacher.confirmations.ledger import SqlConfirmations, confirmations_counter
from services.bff_teacher.confirmations.model import ConfirmOutcome
from services.bff_teacher.confirmations.records import MAX_AGE, SqlBatchRecords
from services.bff_teacher.confirmations.sql_creations import SqlCreations
from services.bff_teacher.confirmations.titles import SqlTitles
from tests import sqlite_threads
from tests.contract.counting_database import CountingDatabase
from tests.contract.test_confirmations import KINDS, NOW, an_attempt, postgres
from tests.contract.test_creations import a_creation


@pytest.fixture(params=KINDS[1:])
async def database(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[CountingDatabase]:
    address = f"sqlite+aiosqlite:///{tmp_path / 'ledger.sqlite3'}"
    if request.param == "postgres":
        address = postgres(request)
    database = CountingDatabase(address)
    yield database
    await database.aclose()
    await sqlite_threads.until_they_end()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def records(database: CountingDatabase, clock: FakeClock) -> AsyncIterator[SqlBatchRecords]:
    records = SqlBatchRecords(database, clock)
    yield records
    await records.aclose()


async def test_batches_that_were_confirmed_are_found_in_one_read(
    database: CountingDatabase, records: SqlBatchRecords
) -> None:
    ledger = SqlConfirmations(database, confirmations_counter(CollectorRegistry()))
    twice, undecided, untold = an_attempt(), an_attempt(), an_attempt()
    later = NOW + timedelta(seconds=3)
    again = replace(twice, number=2, forced=True)
    for attempt, outcome, at in (
        (twice, ConfirmOutcome.CONFIRMED, NOW),
        (again, ConfirmOutcome.CONFIRMED, later),
        (undecided, ConfirmOutcome.UNKNOWN, NOW),
    ):
        await ledger.begin(attempt)
        await ledger.end(attempt, outcome, at)
    await ledger.begin(untold)
    asked = [twice.batch_id.upper(), undecided.batch_id, untold.batch_id, str(uuid.uuid4())]
    before = database.reads

    found = await records.of_batches(a_context(), asked)

    assert found.value.confirmed_at == {twice.batch_id: later}
    assert found.value.by_batch == {}
    assert database.reads == before + 1


async def test_500_callers_at_once_cost_one_read(
    database: CountingDatabase, records: SqlBatchRecords
) -> None:
    async with fan_out() as group:
        for _ in range(500):
            group.create_task(records.of_batches(a_context(), ["b-1", "b-2"]))

    assert database.reads == 1


async def test_pages_that_wait_are_read_together_and_each_teacher_gets_their_own(
    database: CountingDatabase, records: SqlBatchRecords, clock: FakeClock
) -> None:
    teachers = [replace(a_context(), user_id=UserId(f"teacher-{number}")) for number in range(40)]
    batches = {one.user_id: str(uuid.uuid4()) for one in teachers}
    titles = SqlTitles(database, records, clock)
    for one in teachers:
        await titles.replace(one, batches[one.user_id], one.user_id, version=0)
    database.gate.clear()
    before = database.reads

    async with fan_out() as group:
        pages = {}
        for one in teachers:
            read = records.of_batches(one, [batches[one.user_id].upper()])
            pages[one.user_id] = group.create_task(read)
            # The first read has begun, and the others wait.
            await asyncio.sleep(0.001)
        database.gate.set()

    assert database.reads == before + 2
    for user_id, page in pages.items():
        titles_found = page.result().value.titles
        assert {key: title.text for key, title in titles_found.items()} == {
            batches[user_id]: user_id
        }


async def test_a_batch_that_another_teacher_created_is_not_ours(
    database: CountingDatabase, records: SqlBatchRecords
) -> None:
    creations, other = SqlCreations(database), replace(a_context(), user_id=UserId("somebody-else"))
    batch_id = str(uuid.uuid4())
    begun = a_creation()
    created = replace(begun, outcome=CreationOutcome.CREATED, batch_id=batch_id, ended_at=NOW)
    assert await creations.begin(begun)
    assert await creations.advance(begun, created)

    own = await records.of_batches(replace(a_context(), user_id=begun.user_id), [batch_id])
    found = await records.of_batches(other, [batch_id])

    assert own.value.by_batch[batch_id].is_ours
    assert found.value.by_batch == {}


async def test_a_read_serves_for_two_seconds_and_until_the_teacher_writes(
    database: CountingDatabase, records: SqlBatchRecords, clock: FakeClock
) -> None:
    reads = []
    for seconds in (0, MAX_AGE):
        clock.advance(seconds)
        await records.of_batches(a_context(), ["b-1"])
        reads.append(database.reads)
    records.forget(UserId("somebody-else"))
    await records.of_batches(a_context(), ["b-1"])
    reads.append(database.reads)
    records.forget(a_context().user_id)
    await records.of_batches(a_context(), ["b-1"])

    assert [*reads, database.reads] == [1, 2, 2, 3]


async def test_a_write_is_judged_by_a_read_of_its_own(
    database: CountingDatabase, records: SqlBatchRecords
) -> None:
    await records.of_batches(a_context(), ["b-1"])
    await records.of_batches(a_context(), ["b-1"], fresh=True)

    assert database.reads == 2


async def test_a_ledger_that_is_away_is_asked_once_for_all(
    database: CountingDatabase, records: SqlBatchRecords
) -> None:
    database.is_down = True

    for _ in range(2):
        with pytest.raises(Unavailable):
            await records.of_batches(a_context(), ["b-1"])

    assert database.reads == 1


async def test_a_ledger_that_hangs_costs_a_caller_its_own_time_alone(
    database: CountingDatabase, records: SqlBatchRecords, clock: FakeClock
) -> None:
    database.gate.clear()
    hurried = replace(a_context(), deadline=Deadline.after(0.0, clock))

    with pytest.raises(Unavailable):
        await records.of_batches(hurried, ["b-1"])
    database.gate.set()

    assert (await records.of_batches(a_context(), ["b-1"])).value.by_batch == {}
    assert database.reads == 1
