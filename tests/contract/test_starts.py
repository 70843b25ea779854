"""Contract of the ledger of starts: the fake, SQLite and PostgreSQL behave alike."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bff_core.context import UserId
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.confirmations.sql_starts import SqlStarts
from services.bff_teacher.confirmations.start import KnownStarts, Start, StartOutcome, Starts
from tests import sqlite_threads
from tests.contract.test_confirmations import KINDS, postgres
from tests.unit.bff_teacher.start_scenario import MemoryStarts

NOW = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
ANNA, ERIK = UserId("anna-1"), UserId("erik-1")


def a_start(**changes: object) -> Start:
    start = Start(
        batch_id=str(uuid.uuid4()),
        number=1,
        user_id=ANNA,
        key="k-1",
        kind="pipeline",
        phase="cj_assessment",
        reason="Tre uppsatser föll bort",
        started_at=NOW,
    )
    return replace(start, **changes)  # type: ignore[arg-type]  # any field


@pytest.fixture(params=KINDS)
async def starts(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Starts]:
    if request.param == "memory":
        yield MemoryStarts()
        return
    address = f"sqlite+aiosqlite:///{tmp_path / 'ledger.sqlite3'}"
    if request.param == "postgres":
        address = postgres(request)
    database = LedgerDatabase(address, timeout=5.0)
    yield SqlStarts(database)
    await database.aclose()
    await sqlite_threads.until_they_end()


async def test_a_start_comes_back_as_it_was_written(starts: Starts) -> None:
    start = a_start()

    assert await starts.known(start.batch_id, ANNA, "k-1") == KnownStarts(None, None)
    assert await starts.begin(start)
    assert await starts.known(start.batch_id, ANNA, "k-1") == KnownStarts(start, start)


async def test_a_number_is_taken_once(starts: Starts) -> None:
    first = a_start()
    same = replace(first, user_id=ERIK, key="k-2")
    wanted = (first, same, replace(same, number=2), a_start())

    assert [await starts.begin(one) for one in wanted] == [True, False, True, True]
    assert (await starts.known(first.batch_id, ANNA, "k-1")).with_key == first


async def test_of_many_at_once_one_begins(starts: Starts) -> None:
    first = a_start()

    async with asyncio.TaskGroup() as group:
        begun = [group.create_task(starts.begin(replace(first, key=f"k-{n}"))) for n in range(8)]

    assert sum(one.result() for one in begun) == 1


async def test_the_outcome_is_that_of_one_start(starts: Starts) -> None:
    first = a_start()
    second = replace(first, number=2, key="k-2", reason=None)
    await starts.begin(first)

    denied = await starts.end(first, StartOutcome.DENIED, "insufficient_credits", NOW)
    await starts.begin(second)
    accepted = await starts.end(second, StartOutcome.ACCEPTED, None, NOW)

    assert (denied.outcome, denied.denial, denied.ended_at) == (
        "denied",
        "insufficient_credits",
        NOW,
    )
    assert await starts.known(first.batch_id, ANNA, "k-1") == KnownStarts(accepted, denied)
    assert await starts.known(first.batch_id, ANNA, "k-2") == KnownStarts(accepted, accepted)


async def test_a_key_is_that_of_its_user_and_names_the_latest_of_its_starts(
    starts: Starts,
) -> None:
    first = a_start(outcome=StartOutcome.NOT_SENT)
    again = replace(first, number=2)
    for one in (first, again):
        await starts.begin(one)

    assert await starts.known(first.batch_id, ANNA, "k-1") == KnownStarts(again, again)
    assert await starts.known(first.batch_id, ERIK, "k-1") == KnownStarts(again, None)
