"""Alembic migrations, applied in one transaction at start or by the command `migrate`."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.config_service.implementations.database import (
    MIGRATION_LOCK,
    SqlDatabase,
    storage_unavailable,
)

__all__ = ["migrate"]


SCRIPTS = "services.config_service:migrations"
VERSION_TABLE = "config_alembic_version"


async def migrate(database: SqlDatabase) -> bool:
    """Bring the database up to date, and return whether there was anything to do.

    Raises:
        Unavailable: The database cannot be used now, or its user may not change the tables.
    """
    try:
        # Checked by a read first: an up-to-date database may be read-only.
        if await database.read(lambda connection: connection.run_sync(_is_current)):
            return False
        await _bring_up_to_date(database)
    except ProgrammingError as error:
        raise storage_unavailable(error) from error
    return True


async def _bring_up_to_date(database: SqlDatabase) -> None:
    async def upgrade(connection: AsyncConnection) -> None:
        if not database.is_sqlite:
            lock = text("SELECT pg_advisory_xact_lock(:number)")
            await connection.execute(lock, {"number": MIGRATION_LOCK})
        await connection.run_sync(_upgrade)

    await database.write(upgrade)


def _alembic_config() -> Config:
    config = Config()
    # Named by its package: in a path, Alembic would expand `%` and split at `:`.
    config.set_main_option("script_location", SCRIPTS)
    config.set_main_option("version_table", VERSION_TABLE)
    return config


def _is_current(connection: Connection) -> bool:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    newest = ScriptDirectory.from_config(_alembic_config()).get_current_head()
    return context.get_current_revision() == newest


def _upgrade(connection: Connection) -> None:
    config = _alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
