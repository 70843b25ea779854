"""The ledger's database before its first use."""

import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bff_core.errors import Unavailable
from services.bff_teacher.config import Settings
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.confirmations.tables import schema_version
from services.bff_teacher.di.services import open_ledger


async def test_a_ping_creates_no_file(tmp_path: Path) -> None:
    database = LedgerDatabase(f"sqlite+aiosqlite:///{tmp_path / 'ledger.sqlite3'}", timeout=1.0)

    assert await database.ping()
    await database.aclose()
    assert not (tmp_path / "ledger.sqlite3").is_file()


async def test_a_ledger_of_another_release_is_not_used_and_says_why(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'ledger.sqlite3'}"
    own, other = LedgerDatabase(url, timeout=20.0), LedgerDatabase(url, timeout=20.0)
    async with own.transaction() as connection:
        await connection.execute(update(schema_version).values(version=2))

    with pytest.raises(Unavailable) as caught:
        async with other.transaction():
            pass

    assert caught.value.details == {"reason": "ledger_unavailable"}
    assert caught.value.fields == {"error": "LedgerSchemaMismatch"}
    assert not await other.ping()
    await own.aclose()
    await other.aclose()


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("sqlite:///ledger.sqlite3", "sqlite"),
        ("postgresql://user:pass@db/ledger", "postgresql"),
        ("postgresql+asyncpg://db/ledger", "postgresql"),
    ],
)
async def test_url_needs_no_driver(given: str, driver: str) -> None:
    settings = Settings.load(
        {
            "ENVIRONMENT": "testing",
            "JWT_SECRET_KEY": "x",
            "HULEEDU_INTERNAL_API_KEY": "x",
            "BFF_TEACHER_SERVICE_LEDGER_URL": given,
        }
    )

    ledger = open_ledger(settings)
    await ledger.aclose()

    assert ledger._engine.url.get_backend_name() == driver
    assert "pass" not in repr(settings.ledger_url)


async def test_a_read_does_not_wait_for_who_writes(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'ledger.sqlite3'}"
    own, other = LedgerDatabase(url, timeout=20.0), LedgerDatabase(url, timeout=1.0)
    change = update(schema_version).values(version=2)
    await other.read("anna", select(schema_version))
    async with own.transaction() as connection:
        await connection.execute(change)

        (rows,) = await other.read("anna", select(schema_version))

    assert [row.version for row in rows] == [1]
    with pytest.raises(Unavailable):
        await other.read("anna", change)
    await own.aclose()
    await other.aclose()


async def test_a_read_does_not_wait_for_files_that_are_written(tmp_path: Path) -> None:
    """Uploads use the threads that all work of the loop shares, and a disk may be slow."""
    database = LedgerDatabase(f"sqlite+aiosqlite:///{tmp_path / 'ledger.sqlite3'}", timeout=2.0)
    written = threading.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(64):
            group.create_task(asyncio.to_thread(written.wait, 20.0))
        await asyncio.sleep(0)
        try:
            (rows,) = await database.read("anna", select(schema_version))
        finally:
            written.set()
    await database.aclose()

    assert [row.version for row in rows] == [1]
