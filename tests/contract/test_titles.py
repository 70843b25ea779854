"""Contract of titles: the in-memory fake, SQLite and PostgreSQL behave alike."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bff_core.clock import Clock, SystemClock
from bff_core.context import Deadline, UserId
from bff_core.errors import RateLimited, Unavailable
from bff_core.testing import FakeClock
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.confirmations.records import SqlBatchRecords
from services.bff_teacher.confirmations.titles import SqlTitles
from services.bff_teacher.ports import BatchTitle, Titles
from tests.contract.test_confirmations import (
    KINDS,
    REAL,
    postgres,
    threads_end_with_the_test,
    url,
)
from tests.unit.bff_teacher.fakes import MemoryTitles, a_context

__all__ = ["threads_end_with_the_test", "url"]

ctx = replace(a_context(), deadline=Deadline.after(3600, SystemClock()))


def an_id() -> str:
    return str(uuid.uuid4())


@asynccontextmanager
async def opened(url: str, clock: Clock) -> AsyncIterator[tuple[SqlTitles, SqlBatchRecords]]:
    async with (
        aclosing(LedgerDatabase(url, timeout=20.0)) as database,
        aclosing(SqlBatchRecords(database, clock)) as records,
    ):
        yield SqlTitles(database, records, clock), records


@pytest.fixture(params=KINDS)
async def titles(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Titles]:
    if request.param == "memory":
        yield MemoryTitles()
        return
    address = f"sqlite+aiosqlite:///{tmp_path / 'ledger.sqlite3'}"
    if request.param == "postgres":
        address = postgres(request)
    async with opened(address, SystemClock()) as (real, _):
        yield real


async def test_a_batch_without_a_title_is_at_version_zero(titles: Titles) -> None:
    batch = an_id()

    assert await titles.current(ctx, batch) == BatchTitle()
    assert (await titles.of_batches(ctx, [batch])).value == {}


async def test_a_title_comes_back_as_it_was_written_however_its_batch_is_spelled(
    titles: Titles,
) -> None:
    batch = an_id()

    written = await titles.replace(ctx, batch.upper(), "Krönikor 9A 🎓", version=0)

    assert written is not None
    assert (written.text, written.version) == ("Krönikor 9A 🎓", 1)
    assert await titles.current(ctx, batch) == written
    assert (await titles.of_batches(ctx, [batch.upper(), an_id()])).value == {batch: written}


async def test_each_version_follows_the_one_it_names(titles: Titles) -> None:
    batch = an_id()
    first = await titles.replace(ctx, batch, "one", version=0)

    refused = [await titles.replace(ctx, batch, "two", version=one) for one in (0, 2)]
    cleared = await titles.replace(ctx, batch, "", version=1)

    assert first is not None
    assert refused == [None, None]
    assert cleared is not None
    assert cleared.version == 2
    assert await titles.current(ctx, batch) == cleared


async def test_of_many_writers_of_one_version_one_succeeds(titles: Titles) -> None:
    batch = an_id()
    writers = [replace(ctx, user_id=UserId(f"teacher-{number}")) for number in range(8)]
    for version in (0, 1):
        async with asyncio.TaskGroup() as group:
            tries = [
                group.create_task(titles.replace(who, batch, who.user_id, version=version))
                for who in writers
            ]
        assert sum(one.result() is not None for one in tries) == 1


async def test_no_title_at_all_costs_no_query() -> None:
    async with opened("sqlite+aiosqlite:////proc/nowhere/ledger.sqlite3", SystemClock()) as (
        titles,
        _,
    ):
        assert (await titles.of_batches(ctx, [])).value == {}
        with pytest.raises(Unavailable):
            await titles.of_batches(ctx, [an_id()])


@REAL
async def test_a_page_is_read_once_until_it_is_old_or_forgotten(url: str) -> None:
    batch, clock = an_id(), FakeClock()
    async with opened(url, clock) as (reader, read), opened(url, SystemClock()) as (writer, _):
        seen = [await reader.of_batches(ctx, [batch])]
        first = await writer.replace(ctx, batch, "one", version=0)
        seen.append(await reader.of_batches(ctx, [batch]))
        read.forget(ctx.user_id)
        seen.append(await reader.of_batches(ctx, [batch]))
        second = await writer.replace(ctx, batch, "two", version=1)
        clock.advance(2.5)
        seen.append(await reader.of_batches(ctx, [batch]))

    assert [one.value.get(batch) for one in seen] == [None, None, first, second]


@REAL
async def test_open_screens_cost_their_user_no_turn_to_write(url: str) -> None:
    async with opened(url, SystemClock()) as (titles, _):
        await titles.current(ctx, an_id())
        reads = [asyncio.create_task(titles.of_batches(ctx, [an_id()])) for _ in range(12)]
        await asyncio.sleep(0)
        written = await titles.replace(ctx, an_id(), "one", version=0)
        tries = [asyncio.create_task(titles.current(ctx, an_id())) for _ in range(12)]
        await asyncio.wait([*reads, *tries])

    assert written is not None
    assert not any(one.exception() for one in reads)
    refused = {type(one.exception()) for one in tries if one.exception()}
    assert refused == {RateLimited}
