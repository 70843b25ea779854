"""How people come into the queue: by registering."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, insert, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity_admin.implementations.columns import exact
from services.identity_admin.implementations.tables import user_approvals, users
from services.identity_admin.standing import FIRST_VERSION, Status

_COLUMNS = ("user_id", "status", "version", "requested_at")


class PendingRegistrations:
    """What a registration writes more, on the connection of its own transaction."""

    async def registered(self, connection: AsyncConnection, user_id: UUID, at: datetime) -> None:
        """Let the new person wait for approval. Raising undoes the registration."""
        await _add(connection, user_id, Status.PENDING, at)

    async def admitted(self, connection: AsyncConnection, user_id: UUID, at: datetime) -> None:
        """For somebody that an operator puts in as approved, such as a seed."""
        await _add(connection, user_id, Status.APPROVED, at)


async def _add(connection: AsyncConnection, user_id: UUID, status: Status, at: datetime) -> None:
    values = {"user_id": user_id, "status": status.value, "version": FIRST_VERSION}
    await connection.execute(insert(user_approvals).values(**values, requested_at=at))


async def add_missing(connection: AsyncConnection, user_id: UUID | None = None) -> int:
    """Let everybody without a row, or one of them, wait for approval; how many that were."""
    known = exists().where(user_approvals.c.user_id == users.c.id)
    missing: Select[Any] = select(
        users.c.id,
        literal(Status.PENDING.value),
        literal(FIRST_VERSION),
        exact(users.c.registered_at, connection.dialect),
    ).where(~known)
    if user_id is not None:
        missing = missing.where(users.c.id == user_id)
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    # Somebody else may be adding the same person.
    added = dialect.insert(user_approvals).from_select(_COLUMNS, missing).on_conflict_do_nothing()
    return (await connection.execute(added)).rowcount
