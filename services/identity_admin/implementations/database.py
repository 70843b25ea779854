"""Engines, and transactions with a time limit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from asyncpg import InterfaceError, PostgresError
from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bff_core.database_url import DatabaseUrl, unnamed_statements
from bff_core.errors import Unavailable

# SQLAlchemy does not translate the errors that asyncpg raises while it connects.
DATABASE_ERRORS = (SQLAlchemyError, OSError, PostgresError, InterfaceError)
_CONNECT_SECONDS = 5
_COMMAND_SECONDS = 30

log = structlog.get_logger()


@asynccontextmanager
async def transaction(engine: AsyncEngine, seconds: float) -> AsyncIterator[AsyncConnection]:
    """Run one transaction within `seconds`: commit on a normal exit, roll back on an exception.

    Raises:
        Unavailable: The database is down, too slow, or reports an error.
    """
    try:
        async with asyncio.timeout(seconds), engine.begin() as connection:
            yield connection
    except (*DATABASE_ERRORS, TimeoutError) as error:
        # The text of a database error holds the values of its statement.
        log.warning("database_failed", error=type(error).__name__)
        raise Unavailable(retry_after=1) from error


def open_engine(url: str) -> AsyncEngine:
    """Create an engine for the commands and for tests; a mounted module uses Identity's engine."""
    target = DatabaseUrl.parse(url)
    if target.is_sqlite:
        return _open_sqlite(target.url)
    return create_async_engine(
        target.url,
        hide_parameters=True,
        pool_timeout=_CONNECT_SECONDS,
        connect_args={
            **target.connect_args,
            **unnamed_statements(),
            "timeout": _CONNECT_SECONDS,
            "command_timeout": _COMMAND_SECONDS,
        },
    )


def _open_sqlite(url: URL) -> AsyncEngine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url, hide_parameters=True, connect_args={"timeout": _CONNECT_SECONDS}
    )

    def set_pragmas(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine.sync_engine, "connect", set_pragmas)
    return engine
