"""The database: one way to open SQLite and PostgreSQL so that what was acknowledged stays."""

import asyncio
from asyncio import timeout
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import URL, event, text
from sqlalchemy.exc import IntegrityError, ProgrammingError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bff_core.errors import Unavailable
from services.config_service.implementations.storage_errors import FAILURES, READ_ONLY, unavailable

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]

READERS = 4
CONNECTIONS = 8
MIGRATION_LOCK = 4103_0001
"""Our number among PostgreSQL's advisory locks."""


class Database:
    """Two engines: on SQLite one connection writes and a few read; on PostgreSQL they are one.

    `within` bounds every use in seconds, waiting for a connection or a lock included.
    """

    name = "database"

    def __init__(self, url: URL, *, within: float) -> None:
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._within = within
        self._running: set[asyncio.Task[Any]] = set()
        # Inside is smaller than outside: a lock gives up before the caller does.
        patience = within * 0.8
        if self.is_sqlite:
            self.writer = _sqlite(url, patience, writes=True)
            self.reader = _sqlite(url, patience, writes=False)
        else:
            self.writer = self.reader = _postgres(url, patience)

    async def write(self, work: Work[T]) -> T:
        """Do it in one transaction, kept when it ends well, undone by any failure.

        Raises:
            Unavailable: The database cannot be written to now.
        """
        return await self._finish(self._transaction(work))

    async def _transaction(self, work: Work[T]) -> T:
        try:
            return await self._try(work)
        except Unavailable as refusal:
            if not self.is_sqlite or refusal.details.get("reason") != READ_ONLY:
                raise
        # SQLite shares what it knows of a file within a process: opened while the disk was
        # read-only, it stays so until all of ours are closed. Nothing was done, so try afresh.
        await self.reader.dispose()
        await self.writer.dispose()
        return await self._try(work)

    async def _try(self, work: Work[T]) -> T:
        async with self._used(self.writer) as connection, connection.begin():
            return await work(connection)

    async def read(self, work: Work[T]) -> T:
        """Do it with a connection that reads.

        Raises:
            Unavailable: The database cannot be read now.
        """

        async def reading() -> T:
            async with self._used(self.reader) as connection:
                return await work(connection)

        return await self._finish(reading())

    async def _finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait no longer than the caller may, but let the work itself come to its own end.

        A statement that is cut off leaves SQLite's file locked until somebody finds the remains.
        """
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            async with timeout(self._within):
                return await asyncio.shield(task)
        except TimeoutError as error:
            raise unavailable(error) from error

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees one moment for as long as it is used; the caller bounds that.

        Raises:
            Unavailable: The database cannot be read now.
        """
        try:
            async with self.reader.connect() as connection:
                if not self.is_sqlite:
                    await connection.execution_options(isolation_level="REPEATABLE READ")
                yield connection
        except FAILURES as error:
            raise unavailable(error) from error

    @asynccontextmanager
    async def _used(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
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
            # A bug of ours, not an outage.
            raise
        except FAILURES as error:
            raise unavailable(error) from error

    async def ping(self) -> bool:
        try:
            await self.read(lambda connection: connection.execute(text("SELECT 1")))
        except Unavailable:
            return False
        return True

    async def close(self) -> None:
        """Whatever still runs ends first; its own limits bound that."""
        if self._running:
            await asyncio.wait(self._running, timeout=self._within)
        await self.reader.dispose()
        await self.writer.dispose()


def _sqlite(url: URL, patience: float, *, writes: bool) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=1 if writes else READERS,
        max_overflow=0,
        pool_timeout=patience,
        connect_args={"timeout": patience},
    )
    # The driver's own idea of when a transaction begins would leave reads before a write outside.
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

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
    def begin_for_real(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgres(url: URL, patience: float) -> AsyncEngine:
    milliseconds = str(int(patience * 1000))
    return create_async_engine(
        url,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=patience,
        pool_pre_ping=True,
        connect_args={
            "timeout": patience,
            "command_timeout": patience,
            "server_settings": {
                "application_name": "config_service",
                "lock_timeout": milliseconds,
                # Whatever the server's default, an acknowledged write is on its disk.
                "synchronous_commit": "on",
                "idle_in_transaction_session_timeout": "60000",
            },
        },
    )
