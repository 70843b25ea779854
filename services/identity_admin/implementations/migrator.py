"""Migrations of Identity's database, and the check that they have run."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Select, column, inspect, select, table, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bff_core.settings import SettingsError
from services.identity_admin.implementations.tables import user_approvals_marker

VERSION_TABLE = "user_approvals_version"
BACKFILLED = "backfilled"
_SCRIPTS = "services.identity_admin:migrations"
_MIGRATION_SECONDS = 300.0
_ADVISORY_LOCK_ID = 0x1DAD_41
_version = table(VERSION_TABLE, column("version_num"))


class NotMigrated(SettingsError):
    """The migration did not run, or did not complete: every account would look pending."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason}; run `python -m services.identity_admin migrate up`")


class NotIdentityDatabase(SettingsError):
    def __init__(self) -> None:
        super().__init__("this database has no table `users`: it is not Identity's")


async def migrate(engine: AsyncEngine, direction: Literal["up", "down"]) -> None:
    """Migrate to the newest revision or to none; a migration waits for one that is running.

    Raises:
        NotIdentityDatabase: The database has no table `users`.
    """
    async with asyncio.timeout(_MIGRATION_SECONDS), engine.connect() as connection:
        await connection.run_sync(_migrate, direction)


def _migrate(connection: Connection, direction: str) -> None:
    if not inspect(connection).has_table("users"):
        raise NotIdentityDatabase
    connection.rollback()
    config = alembic_config()
    config.attributes["connection"] = connection
    with _migration_lock(connection):
        if direction == "up":
            command.upgrade(config, "head")
        else:
            command.downgrade(config, "base")


@contextmanager
def _migration_lock(connection: Connection) -> Iterator[None]:
    """Run one migration at a time, with a short lock timeout so that sign-ins do not wait long."""
    if connection.dialect.name != "postgresql":
        yield
        return
    connection.execute(text("SET lock_timeout = '60s'"))
    connection.execute(text(f"SELECT pg_advisory_lock({_ADVISORY_LOCK_ID})"))
    connection.execute(text("SET lock_timeout = '3s'"))
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text(f"SELECT pg_advisory_unlock({_ADVISORY_LOCK_ID})"))
        connection.execute(text("RESET lock_timeout"))
        connection.commit()


async def require_migrated(connection: AsyncConnection) -> None:
    """Check the revision and the marker of the backfill.

    Raises:
        NotMigrated: The revision is another one, or the backfill did not complete.
    """
    await connection.run_sync(_require_migrated)


def _require_migrated(connection: Connection) -> None:
    try:
        version = _read_scalar(connection, VERSION_TABLE, select(_version.c.version_num))
        name = user_approvals_marker.c.name
        marker_query = select(name).where(name == BACKFILLED)
        marker = _read_scalar(connection, user_approvals_marker.name, marker_query)
    except SQLAlchemyError as error:
        raise NotMigrated("the marker of the migration cannot be read") from error
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    if version != head:
        raise NotMigrated(f"the database is at {version or 'nothing'} and should be at {head}")
    if marker is None:
        raise NotMigrated("the migration has not come to its end")


def _read_scalar(connection: Connection, table: str, query: Select[Any]) -> object:
    if not inspect(connection).has_table(table):
        return None
    return connection.execute(query).scalar_one_or_none()


def alembic_config() -> Config:
    config = Config()
    # Named by its package: in a path, Alembic would expand `%` and split at `:`.
    config.set_main_option("script_location", _SCRIPTS)
    return config
