"""Contract of the ledger: the in-memory fake, SQLite and PostgreSQL behave alike."""

import asyncio
import sqlite3
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from bff_core.context import UserId
from bff_core.errors import Unavailable
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.confirmations.ledger import (
    SqlConfirmations,
    confirmations_counter,
)
from services.bff_teacher.confirmations.model import Attempt, Confirmations, ConfirmOutcome
from tests import sqlite_threads
from tests.unit.bff_teacher.screen_fakes import MemoryConfirmations

NOW = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
KINDS = [
    "memory",
    "sqlite",
    pytest.param("postgres", marks=pytest.mark.postgres),
]


def an_attempt(number: int = 1, batch: str | None = None) -> Attempt:
    return Attempt(
        batch_id=batch or str(uuid.uuid4()),
        number=number,
        user_id=UserId("anna-1"),
        decisions=(("e-1", "s-1"), ("e-2", None)),
        key="å-key",
        forced=False,
        started_at=NOW,
    )


@pytest.fixture(autouse=True)
async def threads_end_with_the_test() -> AsyncIterator[None]:
    yield
    await sqlite_threads.until_they_end()


def ledger_in(database: LedgerDatabase) -> SqlConfirmations:
    return SqlConfirmations(database, confirmations_counter(CollectorRegistry()))


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[SqlConfirmations]:
    database = LedgerDatabase(url, timeout=5.0)
    try:
        yield ledger_in(database)
    finally:
        await database.aclose()


def postgres(request: pytest.FixtureRequest) -> str:
    """Requested by name, so that the run's summary must be told that it was used."""
    request.node.user_properties.append(("used", "postgres_url"))
    address: str = request.getfixturevalue("postgres_url")
    return address


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a real ledger; the test's parameter is its kind."""
    if request.param == "postgres":
        return postgres(request)
    return f"sqlite+aiosqlite:///{tmp_path / 'ledger.sqlite3'}"


@pytest.fixture(params=KINDS)
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Confirmations]:
    if request.param == "memory":
        yield MemoryConfirmations()
        return
    address = f"sqlite+aiosqlite:///{tmp_path / 'ledger.sqlite3'}"
    if request.param == "postgres":
        address = postgres(request)
    async with opened(address) as confirmations:
        yield confirmations


CALLER = UserId("teacher-9")
REAL = pytest.mark.parametrize("url", KINDS[1:], indirect=True)


async def test_unknown_batch_has_no_attempt(ledger: Confirmations) -> None:
    assert await ledger.latest(str(uuid.uuid4()), CALLER) is None


async def test_attempt_comes_back_as_it_was_written(ledger: Confirmations) -> None:
    attempt = an_attempt()

    assert await ledger.begin(attempt)
    assert await ledger.latest(attempt.batch_id, CALLER) == attempt


async def test_number_is_taken_once(ledger: Confirmations) -> None:
    attempt = an_attempt()

    taken = [await ledger.begin(one) for one in (attempt, replace(attempt, key="other"))]

    assert taken == [True, False]
    assert await ledger.latest(attempt.batch_id, CALLER) == attempt


@pytest.mark.parametrize(
    "outcome", [ConfirmOutcome.CONFIRMED, ConfirmOutcome.NOT_SENT, ConfirmOutcome.UNKNOWN]
)
async def test_end_is_written_beside_the_intent(
    ledger: Confirmations, outcome: ConfirmOutcome
) -> None:
    attempt = an_attempt()
    await ledger.begin(attempt)
    later = NOW + timedelta(seconds=3)

    ended = await ledger.end(attempt, outcome, later)

    assert ended == replace(attempt, outcome=outcome, ended_at=later)
    assert await ledger.latest(attempt.batch_id, CALLER) == ended


async def test_latest_attempt_counts_and_batches_do_not_mix(ledger: Confirmations) -> None:
    first, other = an_attempt(), an_attempt()
    second = replace(first, number=2, forced=True)
    for attempt in (first, other, second):
        await ledger.begin(attempt)

    assert await ledger.latest(first.batch_id, CALLER) == second
    assert await ledger.latest(other.batch_id, CALLER) == other


async def test_of_many_at_once_one_begins(ledger: Confirmations) -> None:
    attempt = an_attempt()

    async with asyncio.TaskGroup() as group:
        tries = [group.create_task(ledger.begin(attempt)) for _ in range(20)]

    assert sum(one.result() for one in tries) == 1


@REAL
async def test_replicas_share_one_ledger_and_its_first_use(url: str) -> None:
    attempt = an_attempt()
    async with opened(url) as one, opened(url) as two, opened(url) as three:
        async with asyncio.TaskGroup() as group:
            tries = [group.create_task(each.begin(attempt)) for each in (one, two, three)]

        assert sum(each.result() for each in tries) == 1
        assert await two.latest(attempt.batch_id, CALLER) == attempt


@REAL
async def test_what_was_written_is_there_after_a_restart(url: str) -> None:
    attempt = an_attempt()
    async with opened(url) as before:
        await before.begin(attempt)
        await before.end(attempt, ConfirmOutcome.CONFIRMED, NOW)

    async with opened(url) as after:
        latest = await after.latest(attempt.batch_id, CALLER)

    assert latest is not None
    assert latest.outcome is ConfirmOutcome.CONFIRMED


@pytest.mark.parametrize(
    "address",
    [
        "sqlite+aiosqlite:////proc/nowhere/ledger.sqlite3",
        "postgresql+asyncpg://nobody:secret-word@127.0.0.1:9/ledger",
    ],
)
async def test_ledger_that_is_away_is_unavailable_without_its_address(address: str) -> None:
    database = LedgerDatabase(address, timeout=2.0)

    with pytest.raises(Unavailable) as raised:
        await ledger_in(database).latest("b-1", CALLER)
    up = await database.ping()
    await database.aclose()

    assert not up
    assert raised.value.details == {"reason": "ledger_unavailable"}
    assert "secret-word" not in repr(raised.value.fields)


async def test_ledger_that_is_locked_is_unavailable_in_time(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    # Long enough for a commit on a disk that is busy.
    database = LedgerDatabase(f"sqlite+aiosqlite:///{path}", timeout=3.0)
    ledger = ledger_in(database)
    await ledger.latest("b-1", CALLER)

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Unavailable):
            await ledger.begin(an_attempt())
    begun = await ledger.begin(an_attempt())
    await database.aclose()

    assert begun


async def test_each_end_of_a_confirmation_is_counted_and_zero_until_then(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    database = LedgerDatabase(f"sqlite+aiosqlite:///{tmp_path / 'ledger.sqlite3'}", timeout=2.0)
    ledger = SqlConfirmations(database, confirmations_counter(registry))
    first, second = an_attempt(), an_attempt()

    for attempt, outcome in ((first, ConfirmOutcome.CONFIRMED), (second, ConfirmOutcome.UNKNOWN)):
        await ledger.begin(attempt)
        await ledger.begin(attempt)
        await ledger.end(attempt, outcome, NOW)
    await database.aclose()

    name = "bff_teacher_confirmations_total"
    counts = {
        one: registry.get_sample_value(name, {"outcome": one.value}) for one in ConfirmOutcome
    }
    assert counts == {
        ConfirmOutcome.STARTED: 2,
        ConfirmOutcome.CONFIRMED: 1,
        ConfirmOutcome.UNKNOWN: 1,
        ConfirmOutcome.NOT_SENT: 0,
    }


async def test_ledger_comes_back_when_its_place_does(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    database = LedgerDatabase(f"sqlite+aiosqlite:///{folder / 'ledger.sqlite3'}", timeout=2.0)
    ledger = ledger_in(database)
    with pytest.raises(Unavailable):
        await ledger.latest("b-1", CALLER)

    folder.mkdir()
    latest = await ledger.latest("b-1", CALLER)
    await database.aclose()

    assert latest is None


async def test_ledger_of_a_later_release_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    async with opened(f"sqlite+aiosqlite:///{path}") as ledger:
        await ledger.latest("b-1", CALLER)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE bff_teacher_ledger_version SET version = 2")

    async with opened(f"sqlite+aiosqlite:///{path}") as ledger:
        with pytest.raises(Unavailable):
            await ledger.begin(an_attempt())


async def test_many_replicas_may_make_the_file_at_once(tmp_path: Path) -> None:
    address = f"sqlite+aiosqlite:///{tmp_path / 'ledger.sqlite3'}"
    databases = [LedgerDatabase(address, timeout=5.0) for _ in range(12)]

    async with asyncio.TaskGroup() as group:
        reads = [group.create_task(ledger_in(one).latest("b-1", CALLER)) for one in databases]
    for one in databases:
        await one.aclose()

    assert [read.result() for read in reads] == [None] * 12
