"""The ledger's database: SQLite or PostgreSQL, its one table, and what its failures mean."""

import os
from asyncio import Lock, timeout
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    event,
    insert,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bff_core.errors import Unavailable

SCHEMA_VERSION = 1
SCHEMA_LOCK = 4101_0001
"""Our number among PostgreSQL's advisory locks."""
CONNECTIONS = 4

metadata = MetaData()
schema_version = Table(
    "bff_teacher_ledger_version",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
)
attempts = Table(
    "bff_teacher_confirmation_attempts",
    metadata,
    Column("batch_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("decisions", Text, nullable=False),
    Column("idempotency_key", Text),
    Column("forced", Boolean, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("ended_at", Text),
    # One try at a time: the number after the latest can be taken once.
    PrimaryKeyConstraint("batch_id", "number"),
)

_FAILURES: tuple[type[Exception], ...] = (DBAPIError, PoolTimeout, OSError, TimeoutError)


class LedgerDatabase:
    """Opens at its first use, so that a ledger that is away stops no screen but the one it is for.

    `within` bounds every use in seconds, waiting for a connection or a lock included.
    """

    name = "ledger"

    def __init__(self, url: str, *, within: float) -> None:
        self._within = within
        place = make_url(url)
        self._is_sqlite = place.get_backend_name() == "sqlite"
        self._folder = Path(place.database or ".").parent
        # Inside is smaller than outside: the lock gives up before the whole does.
        self._engine = _sqlite(url, within * 0.8) if self._is_sqlite else _postgres(url, within)
        self._failures = _FAILURES + (() if self._is_sqlite else _of_asyncpg())
        self._opening = Lock()
        self._open = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Kept for good at its end, undone by any failure.

        Raises:
            Unavailable: The database cannot be used now.
            IntegrityError: Somebody else was first.
        """
        try:
            async with timeout(self._within):
                await self._ensure_schema()
                async with self._engine.begin() as connection:
                    yield connection
        except IntegrityError:
            raise
        except self._failures as error:
            raise Unavailable(
                details={"reason": "ledger_unavailable"},
                fields={"error": type(error).__name__},
                retry_after=1.0,
            ) from error

    async def ping(self) -> bool:
        if self._is_sqlite and not self._open:
            # Asking how it is must not make a file.
            return os.access(self._folder, os.W_OK)
        try:
            async with self.transaction() as connection:
                await connection.execute(text("SELECT 1"))
        except Unavailable:
            return False
        return True

    async def aclose(self) -> None:
        await self._engine.dispose()

    async def _ensure_schema(self) -> None:
        async with self._opening:
            if self._open:
                return
            async with self._engine.begin() as connection:
                if not self._is_sqlite:
                    # SQLite's own transaction is a lock already.
                    lock = text("SELECT pg_advisory_xact_lock(:number)")
                    await connection.execute(lock, {"number": SCHEMA_LOCK})
                await connection.run_sync(metadata.create_all)
                await _check_version(connection)
            self._open = True


async def _check_version(connection: AsyncConnection) -> None:
    found = (await connection.execute(select(schema_version.c.version))).scalar_one_or_none()
    if found is None:
        await connection.execute(insert(schema_version).values(version=SCHEMA_VERSION))
    elif found != SCHEMA_VERSION:
        raise OSError(f"the ledger has schema {found}, this release knows {SCHEMA_VERSION}")


def _of_asyncpg() -> tuple[type[Exception], ...]:
    """The driver's own failures, which come through bare while a connection is being made.

    It is imported here alone: a process with its ledger in SQLite saves the 2.5 MiB that it takes.
    """
    driver = import_module("asyncpg")
    return driver.PostgresError, driver.InterfaceError


def _sqlite(url: str, patience: float) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=1,
        max_overflow=0,
        pool_timeout=patience,
        connect_args={"timeout": patience},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # The driver's own idea of when a transaction begins would leave the first read outside.
        connection.isolation_level = None
        cursor = connection.cursor()
        # No WAL: replicas that make the file at once would fail instead of waiting for each other.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _postgres(url: str, within: float) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=within * 0.8,
        pool_pre_ping=True,
        connect_args={
            "timeout": within * 0.8,
            "command_timeout": within * 0.8,
            # Whatever the server's default, an acknowledged write is on its disk.
            "server_settings": {
                "application_name": "bff_teacher",
                "synchronous_commit": "on",
            },
        },
    )
