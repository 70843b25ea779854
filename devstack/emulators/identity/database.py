"""The engine over the emulated Identity's database, SQLite or PostgreSQL."""

from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from devstack.emulators.identity.tables import metadata

_DEADLINE_SECONDS = 5


def open_engine(url: str) -> AsyncEngine:
    """An engine whose every wait has an end. Makes the folder of a SQLite file."""
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        return _sqlite(target.set(drivername="sqlite+aiosqlite"))
    return create_async_engine(
        target.set(drivername="postgresql+asyncpg"),
        pool_timeout=_DEADLINE_SECONDS,
        connect_args={"timeout": _DEADLINE_SECONDS, "command_timeout": _DEADLINE_SECONDS},
    )


async def create_tables(engine: AsyncEngine) -> None:
    """Create what is missing, as the platform does at every start."""
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)


def _sqlite(url: URL) -> AsyncEngine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(url, connect_args={"timeout": _DEADLINE_SECONDS})
    event.listen(engine.sync_engine, "connect", _tune_sqlite)
    return engine


def _tune_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
