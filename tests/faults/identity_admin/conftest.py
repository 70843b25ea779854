"""Migrated Identity databases on SQLite and PostgreSQL.

FULL_NUMBERS=1 runs the full numbers, else a tenth.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.faults.identity_admin.crash_runner import CrashRunner, running_crash_runner
from tests.identity_databases import create_database, migrated_engine, sqlite_url

KINDS = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgres", id="postgres", marks=pytest.mark.postgres),
]


@pytest.fixture(params=KINDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    request.node.user_properties.append(("used", "postgres_url"))
    return await create_database(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    async with migrated_engine(database) as made:
        yield made


@pytest.fixture
async def postgres_engine(postgres_url: str) -> AsyncIterator[AsyncEngine]:
    async with migrated_engine(await create_database(postgres_url)) as made:
        yield made


@pytest.fixture(scope="session")
def crash_runner() -> Iterator[CrashRunner]:
    with running_crash_runner() as made:
        yield made
