"""The ledger's database, SQLite or PostgreSQL: its reads, transactions and failures."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, Executable, Row, create_engine, event, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bff_core.context import UserId
from bff_core.database_url import (
    DatabaseUrl,
    driver_error,
    set_in_transactions,
    unnamed_statements,
)
from bff_core.errors import RateLimited, Unavailable
from bff_core.fair_slots import UNSHARED, FairSlots
from services.bff_teacher.confirmations.tables import metadata, schema_version

RETRY_AFTER = 1.0
SCHEMA_VERSION = 1
SCHEMA_LOCK = 4101_0001
"""Number of the advisory lock in PostgreSQL."""
CONNECTIONS = 4
WAITING_PER_CALLER = 4
"""Uses of one caller that may wait for a connection before another attempt is refused."""
INNER_TIMEOUT = 0.8
"""Share of the whole timeout after which the driver gives up by itself."""


class LedgerSchemaMismatch(Exception):
    """The tables were made by a release with another schema."""


_FAILURES: tuple[type[Exception], ...] = (
    DBAPIError,
    PoolTimeout,
    OSError,
    TimeoutError,
    LedgerSchemaMismatch,
)


def share_of_reads(user_id: UserId) -> str:
    """The share for what screens read, so that open ones cost their user no turn to write."""
    return f"reads of {user_id}"


class LedgerDatabase:
    """Connects at its first use, so that an absent ledger fails only the screen that needs it."""

    name = "ledger"

    def __init__(self, url: str, *, timeout: float) -> None:
        """`timeout` bounds each use in seconds, including the wait for a connection or a lock."""
        self._timeout = timeout
        target = DatabaseUrl.parse(url)
        self._is_sqlite = target.is_sqlite
        self._file = Path(target.url.database or ".")
        self._failures = _FAILURES
        self._reader: Engine | None = None
        if self._is_sqlite:
            self._engine = _sqlite_engine(target.url, timeout * INNER_TIMEOUT)
            self._reader = _sqlite_reader(target.url, timeout * INNER_TIMEOUT)
            # Of its own: the loop's are shared with the files of uploads.
            self._reading_thread = ThreadPoolExecutor(1, thread_name_prefix="ledger_reads")
            self._slots = FairSlots(1)
        else:
            self._engine = _postgres_engine(target, timeout * INNER_TIMEOUT)
            self._slots = FairSlots(CONNECTIONS, per_caller=1)
            # asyncpg's own errors come unwrapped while a connection is made. Imported here, because
            # a process with SQLite saves the 2.5 MiB.
            asyncpg = import_module("asyncpg")
            self._failures += (asyncpg.PostgresError, asyncpg.InterfaceError)
        self._schema_lock = asyncio.Lock()
        self._schema_ready = False

    def require_share(self, caller: str) -> None:
        """Refuse to begin what would wait behind many uses of the same caller.

        Raises:
            RateLimited: So many wait already.
        """
        if self._slots.waiting_of(caller) >= WAITING_PER_CALLER:
            raise RateLimited("Too many of your changes are being written", retry_after=RETRY_AFTER)

    @asynccontextmanager
    async def transaction(self, caller: str = UNSHARED) -> AsyncIterator[AsyncConnection]:
        """A durable transaction, rolled back by any exception; callers take turns.

        Raises:
            Unavailable: The database cannot be used now.
            IntegrityError: A row with this key exists.
        """
        async with self._turn(caller), self._engine.begin() as connection:
            yield connection

    async def read(
        self, caller: str, *queries: Executable, **values: object
    ) -> list[Sequence[Row[Any]]]:
        """The rows of each query, each seen at a moment of its own; callers take turns.

        `values` are for the parameters of all queries: one that is made anew for each read costs as
        much as its execution.

        Raises:
            Unavailable: The database cannot be used now.
        """
        async with self._turn(caller):
            if self._reader is not None:
                loop, thread = asyncio.get_running_loop(), self._reading_thread
                return await loop.run_in_executor(thread, _rows_of, self._reader, queries, values)
            async with self._engine.connect() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                return [(await connection.execute(one, values)).all() for one in queries]

    @asynccontextmanager
    async def _turn(self, caller: str) -> AsyncIterator[None]:
        """A use of the database, whose failures it translates."""
        try:
            async with asyncio.timeout(self._timeout), self._slots.held(caller):
                if not self._schema_ready:
                    await self._ensure_schema()
                yield
        except IntegrityError:
            raise
        except self._failures as error:
            raise Unavailable(
                details={"reason": "ledger_unavailable"},
                fields={"error": driver_error(error)},
                retry_after=RETRY_AFTER,
            ) from error

    async def ping(self) -> bool:
        if self._is_sqlite and not self._schema_ready and not self._file.is_file():
            # A health check must not create the file.
            return os.access(self._file.parent, os.W_OK)
        try:
            async with self.transaction() as connection:
                await connection.execute(text("SELECT 1"))
        except Unavailable:
            return False
        return True

    async def aclose(self) -> None:
        await self._engine.dispose()
        if self._reader is not None:
            self._reading_thread.shutdown(wait=False, cancel_futures=True)
            self._reader.dispose()

    async def _ensure_schema(self) -> None:
        async with self._schema_lock:
            if self._schema_ready:
                return
            async with self._engine.begin() as connection:
                if not self._is_sqlite:
                    # SQLite's transaction is exclusive by itself.
                    lock = text("SELECT pg_advisory_xact_lock(:number)")
                    await connection.execute(lock, {"number": SCHEMA_LOCK})
                await connection.run_sync(metadata.create_all)
                query = select(schema_version.c.version)
                found = (await connection.execute(query)).scalar_one_or_none()
                if found is None:
                    await connection.execute(insert(schema_version).values(version=SCHEMA_VERSION))
                elif found != SCHEMA_VERSION:
                    raise LedgerSchemaMismatch
            self._schema_ready = True


def _sqlite_engine(url: URL, timeout: float) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=1,
        max_overflow=0,
        pool_timeout=timeout,
        connect_args={"timeout": timeout},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # The driver would begin its transaction only after the first read.
        connection.isolation_level = None
        cursor = connection.cursor()
        # Not WAL: replicas that create the file at once would fail instead of waiting.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _sqlite_reader(url: URL, timeout: float) -> Engine:
    """For reads, each in a thread: the asynchronous driver waits for its thread at every step."""
    engine = create_engine(
        url.set(drivername="sqlite"),
        pool_size=1,
        max_overflow=0,
        pool_timeout=timeout,
        pool_reset_on_return=None,
        isolation_level="AUTOCOMMIT",
        connect_args={"timeout": timeout},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA query_only=ON")

    return engine


def _rows_of(
    engine: Engine, queries: Sequence[Executable], values: Mapping[str, object]
) -> list[Sequence[Row[Any]]]:
    with engine.connect() as connection:
        return [connection.execute(one, values).all() for one in queries]


def _postgres_engine(target: DatabaseUrl, timeout: float) -> AsyncEngine:
    engine = create_async_engine(
        target.url,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=timeout,
        pool_pre_ping=True,
        connect_args={
            **target.connect_args,
            **unnamed_statements(),
            "timeout": timeout,
            "command_timeout": timeout,
            "server_settings": {"application_name": "bff_teacher"},
        },
    )
    # Makes an acknowledged write durable, whatever the server's default.
    set_in_transactions(engine, {"synchronous_commit": "on"})
    return engine
