"""SQLite and PostgreSQL, opened so that an acknowledged write is durable."""

import asyncio
import sqlite3
from asyncio import timeout
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import URL, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bff_core.database_url import (
    DatabaseUrl,
    driver_error,
    set_in_transactions,
    unnamed_statements,
)
from bff_core.errors import Unavailable
from bff_core.tasks import log_failure

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]

SQLITE_READERS = 4
POSTGRES_CONNECTIONS = 8
MIGRATION_LOCK = 4103_0001
"""The key of the migration's advisory lock on PostgreSQL."""

# SQLAlchemy does not wrap asyncpg's errors while a connection is being made.
STORAGE_ERRORS = (
    DBAPIError,
    PoolTimeout,
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)
READ_ONLY = "storage_read_only"
RETRY_AFTER_SECONDS = 1.0

_BY_SQLITE_CODE: Mapping[int, str] = MappingProxyType(
    {
        sqlite3.SQLITE_FULL: "storage_full",
        sqlite3.SQLITE_IOERR: "storage_failing",
        sqlite3.SQLITE_READONLY: READ_ONLY,
        sqlite3.SQLITE_BUSY: "storage_busy",
    }
)
_BY_SQLSTATE: Mapping[str, str] = MappingProxyType(
    {
        "53100": "storage_full",
        "25006": READ_ONLY,
        "55P03": "storage_busy",
    }
)
_MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        "storage_full": "Settings cannot be saved: the disk is full",
        READ_ONLY: "Settings cannot be saved: the database is read-only",
        "storage_failing": "The settings' database cannot use its disk",
        "storage_busy": "Another write of settings is taking too long",
    }
)


def storage_unavailable(error: BaseException) -> Unavailable:
    """Translate an error; the driver's text is left out, as it may hold values or addresses."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(error, PoolTimeout):
        reason = "storage_busy"
    elif isinstance(origin, sqlite3.Error):
        # The low byte of an extended code is its primary code.
        code = getattr(origin, "sqlite_errorcode", None) or 0
        reason = _BY_SQLITE_CODE.get(code & 0xFF, "storage_unavailable")
    else:
        state = str(getattr(origin, "sqlstate", None))
        reason = _BY_SQLSTATE.get(state, "storage_unavailable")
    return Unavailable(
        _MESSAGES.get(reason, "The settings' database cannot be used"),
        details={"reason": reason},
        fields={"error": driver_error(error)},
        retry_after=RETRY_AFTER_SECONDS,
    )


class SqlDatabase:
    """SQLite: one connection writes, a few read. PostgreSQL: one pool for both.

    `max_wait` bounds every use in seconds, including the wait for a connection or a lock.
    """

    name = "database"

    def __init__(self, target: DatabaseUrl, *, max_wait: float) -> None:
        url = target.url
        self.is_sqlite = target.is_sqlite
        self._max_wait = max_wait
        self._running: set[asyncio.Task[Any]] = set()
        # Smaller inside than outside: the wait for a lock ends before the caller's.
        driver_timeout = max_wait * 0.8
        if self.is_sqlite:
            self.writer = _sqlite_engine(url, driver_timeout, writes=True)
            self.reader = _sqlite_engine(url, driver_timeout, writes=False)
        else:
            self.writer = self.reader = _postgres_engine(target, driver_timeout)

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction: commit when it returns, roll back when it raises.

        Raises:
            Unavailable: The database cannot be written to now.
        """
        return await self._finish(self._write(work))

    async def read(self, work: Work[T]) -> T:
        """Run `work` on a connection for reading.

        Raises:
            Unavailable: The database cannot be read now.
        """

        async def run() -> T:
            async with self._connection(self.reader) as connection:
                return await work(connection)

        return await self._finish(run())

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A connection whose reads all see the same state; the caller bounds its use.

        Raises:
            Unavailable: The database cannot be read now.
        """
        try:
            async with self.reader.connect() as connection:
                if not self.is_sqlite:
                    await connection.execution_options(isolation_level="REPEATABLE READ")
                yield connection
        except STORAGE_ERRORS as error:
            raise storage_unavailable(error) from error

    async def ping(self) -> bool:
        try:
            await self.read(lambda connection: connection.execute(text("SELECT 1")))
        except Unavailable:
            return False
        return True

    async def close(self) -> None:
        """Wait for running work, which its own limits bound, and close all connections."""
        if self._running:
            await asyncio.wait(self._running, timeout=self._max_wait)
        await self.reader.dispose()
        await self.writer.dispose()

    async def _finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait at most `max_wait`, but never cancel the work itself.

        A cancelled statement would leave SQLite's file locked until its connection is collected.
        """
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            async with timeout(self._max_wait):
                return await asyncio.shield(task)
        except TimeoutError as error:
            task.add_done_callback(log_failure)
            raise storage_unavailable(error) from error

    async def _write(self, work: Work[T]) -> T:
        try:
            return await self._in_transaction(work)
        except Unavailable as refusal:
            if not self.is_sqlite or refusal.details.get("reason") != READ_ONLY:
                raise
        # A file that SQLite opened while its disk was read-only stays read-only until all
        # connections of the process are closed. Nothing was written, so reconnect and repeat.
        await self.reader.dispose()
        await self.writer.dispose()
        return await self._in_transaction(work)

    async def _in_transaction(self, work: Work[T]) -> T:
        async with self._connection(self.writer) as connection, connection.begin():
            return await work(connection)

    @asynccontextmanager
    async def _connection(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        try:
            async with engine.connect() as connection:
                try:
                    yield connection
                except (IntegrityError, ProgrammingError):
                    raise
                except SQLAlchemyError:
                    await connection.invalidate()
                    raise
        except (IntegrityError, ProgrammingError):
            # A bug in a statement, not an outage.
            raise
        except STORAGE_ERRORS as error:
            raise storage_unavailable(error) from error


def _sqlite_engine(url: URL, seconds: float, *, writes: bool) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=1 if writes else SQLITE_READERS,
        max_overflow=0,
        pool_timeout=seconds,
        connect_args={"timeout": seconds},
    )
    # The driver would begin the transaction at the first write, and leave the reads before it out.
    begin_statement = "BEGIN IMMEDIATE" if writes else "BEGIN"

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        if writes:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
        else:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql(begin_statement)

    return engine


def _postgres_engine(target: DatabaseUrl, seconds: float) -> AsyncEngine:
    engine = create_async_engine(
        target.url,
        pool_size=POSTGRES_CONNECTIONS,
        max_overflow=0,
        pool_timeout=seconds,
        pool_pre_ping=True,
        connect_args={
            **target.connect_args,
            **unnamed_statements(),
            "timeout": seconds,
            "command_timeout": seconds,
            "server_settings": {"application_name": "config_service"},
        },
    )
    set_in_transactions(
        engine,
        {
            "lock_timeout": str(int(seconds * 1000)),
            # An acknowledged write is on the disk, whatever the server's default.
            "synchronous_commit": "on",
            "idle_in_transaction_session_timeout": "60000",
        },
    )
    return engine
