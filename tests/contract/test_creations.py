"""Contract of the ledger of created batches: the fake, SQLite and PostgreSQL behave alike."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bff_core.clock import SystemClock
from bff_core.context import UserId
from services.bff_teacher.confirmations.creation import Creation, CreationOutcome, Creations
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.confirmations.records import SqlBatchRecords
from services.bff_teacher.confirmations.sql_creations import SqlCreations
from services.bff_teacher.confirmations.titles import SqlTitles
from tests import sqlite_threads
from tests.contract.test_confirmations import KINDS, postgres
from tests.unit.bff_teacher.fakes import MemoryCreations, a_context

NOW = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)


def a_creation(**changes: object) -> Creation:
    creation = Creation(
        user_id=UserId(str(uuid.uuid4())),
        key="k-1",
        fingerprint="f" * 64,
        class_id="c7e1f3a5-0b2d-4c6e-8f90-1a2b3c4d5e6f",
        class_name="9A",
        essay_count=25,
        title="Krönikor",
        started_at=NOW,
    )
    return replace(creation, **changes)  # type: ignore[arg-type]  # any field


@dataclass(frozen=True)
class Kept:
    creations: Creations
    database: LedgerDatabase | None

    async def title_of(self, batch_id: str) -> str | None:
        if isinstance(self.creations, MemoryCreations):
            return self.creations.titles.get(batch_id)
        assert self.database
        records = SqlBatchRecords(self.database, SystemClock())
        titles = SqlTitles(self.database, records, SystemClock())
        title = await titles.current(a_context(), batch_id)
        return title.text or None


@pytest.fixture(params=KINDS)
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    if request.param == "memory":
        yield Kept(MemoryCreations(), None)
        return
    address = f"sqlite+aiosqlite:///{tmp_path / 'ledger.sqlite3'}"
    if request.param == "postgres":
        address = postgres(request)
    database = LedgerDatabase(address, timeout=5.0)
    yield Kept(SqlCreations(database), database)
    await database.aclose()
    await sqlite_threads.until_they_end()


async def test_a_creation_comes_back_as_it_was_written(kept: Kept) -> None:
    creation = a_creation()

    assert await kept.creations.find(creation.user_id, creation.key) is None
    assert await kept.creations.begin(creation)
    assert await kept.creations.find(creation.user_id, creation.key) == creation


async def test_a_key_is_taken_once_by_a_user(kept: Kept) -> None:
    creation, other = a_creation(), a_creation()

    later = replace(creation, fingerprint="g" * 64)
    taken = [await kept.creations.begin(one) for one in (creation, later, other)]

    assert taken == [True, False, True]
    assert await kept.creations.find(creation.user_id, creation.key) == creation


async def test_only_what_is_stored_advances(kept: Kept) -> None:
    first = a_creation()
    again = replace(first, started_at=NOW + timedelta(seconds=30))
    sending = replace(again, outcome=CreationOutcome.SENDING, storage_id="a" * 32)
    await kept.creations.begin(first)

    steps = [
        await kept.creations.advance(first, again),
        await kept.creations.advance(first, replace(first, outcome=CreationOutcome.SENDING)),
        await kept.creations.advance(again, sending),
        await kept.creations.advance(again, sending),
    ]

    assert steps == [True, False, True, False]
    assert await kept.creations.find(first.user_id, first.key) == sending


async def test_batch_and_title_are_stored_together(kept: Kept) -> None:
    first, batch_id = a_creation(), str(uuid.uuid4())
    made = replace(first, outcome=CreationOutcome.CREATED, batch_id=batch_id, ended_at=NOW)
    await kept.creations.begin(first)

    assert await kept.creations.advance(first, made)

    assert await kept.creations.latest(first.user_id) == [made]
    assert await kept.title_of(batch_id) == "Krönikor"
    assert await kept.creations.latest(UserId("somebody")) == []
