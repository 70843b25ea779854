"""Bringing the database up or down, and knowing whether it is up."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Select, column, inspect, select, table, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.identity_admin.implementations.tables import user_approvals_marker

VERSION_TABLE = "user_approvals_version"
BACKFILLED = "backfilled"
_SCRIPTS = Path(__file__).parent.parent / "migrations"
_SECONDS = 300.0
_LOCK = 0x1DAD_41
_version = table(VERSION_TABLE, column("version_num"))
_HOW = "run `python -m services.identity_admin migrate up`"


class NotMigrated(RuntimeError):
    """The gate would lock everybody out, or let everybody in, if it went by this database."""

    def __init__(self, why: str) -> None:
        super().__init__(f"{why}; {_HOW}")


class NotIdentitysDatabase(RuntimeError):
    def __init__(self) -> None:
        super().__init__("this database has no table `users`: it is not Identity's")


async def migrate(engine: AsyncEngine, direction: Literal["up", "down"]) -> None:
    """One migration at a time; the second waits and then finds nothing to do.

    Raises:
        NotIdentitysDatabase: There are no users to decide on.
    """
    async with asyncio.timeout(_SECONDS), engine.connect() as connection:
        await connection.run_sync(_migrate, direction)


async def require_migrated(connection: AsyncConnection) -> None:
    """Refuse a database that cannot say who may sign in.

    Raises:
        NotMigrated: The schema is another one, or the people there before us are not written down.
    """
    await connection.run_sync(_require_migrated)


def _migrate(connection: Connection, direction: str) -> None:
    if not inspect(connection).has_table("users"):
        raise NotIdentitysDatabase
    connection.rollback()
    config = _config()
    config.attributes["connection"] = connection
    with _alone(connection):
        if direction == "up":
            command.upgrade(config, "head")
        else:
            command.downgrade(config, "base")


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Nobody migrates beside us, and nobody who signs in waits behind us for long."""
    if connection.dialect.name != "postgresql":
        yield
        return
    connection.execute(text("SET lock_timeout = '60s'"))
    connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
    connection.execute(text("SET lock_timeout = '3s'"))
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))
        connection.execute(text("RESET lock_timeout"))
        connection.commit()


def _require_migrated(connection: Connection) -> None:
    try:
        version = _scalar(connection, VERSION_TABLE, select(_version.c.version_num))
        name = user_approvals_marker.c.name
        marked = select(name).where(name == BACKFILLED)
        marker = _scalar(connection, user_approvals_marker.name, marked)
    except SQLAlchemyError as error:
        raise NotMigrated("the marker of the migration cannot be read") from error
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if version != head:
        raise NotMigrated(f"the database is at {version or 'nothing'} and should be at {head}")
    if marker is None:
        raise NotMigrated("the migration has not come to its end")


def _scalar(connection: Connection, table: str, query: Select[Any]) -> object:
    if not inspect(connection).has_table(table):
        return None
    return connection.execute(query).scalar_one_or_none()


def _config() -> Config:
    config = Config()
    # Alembic reads it as a template.
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config
