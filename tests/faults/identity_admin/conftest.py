"""A migrated Identity database on each kind of server.

FULL_NUMBERS=1 runs the full numbers; without it a tenth is run.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.faults.identity_admin.butcher import Butcher, running_butcher
from tests.identity_databases import migrated_engine, own_database, sqlite_url

KINDS = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgres", id="postgres", marks=pytest.mark.postgres),
]


@pytest.fixture(params=KINDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with nothing in it."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    request.node.user_properties.append(("used", "postgres_url"))
    return await own_database(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    async with migrated_engine(database) as made:
        yield made


@pytest.fixture
async def postgres_engine(postgres_url: str) -> AsyncIterator[AsyncEngine]:
    async with migrated_engine(await own_database(postgres_url)) as made:
        yield made


@pytest.fixture(scope="session")
def kills() -> Iterator[Butcher]:
    with running_butcher() as made:
        yield made
