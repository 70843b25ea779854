"""Tokens that go out by mail: to verify an address, to set a new password."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class MailedToken:
    id: UUID
    user_id: UUID
    token: str
    expires_at: datetime
    used: bool = False


async def issue(
    connection: AsyncConnection, table: Table, user_id: UUID, at: datetime, hours: int
) -> MailedToken:
    """A new token for this user; unused older ones are marked as used."""
    older = update(table).where(table.c.user_id == user_id, table.c.used_at.is_(None))
    await connection.execute(older.values(used_at=at))
    made = MailedToken(uuid4(), user_id, str(uuid4()), at + timedelta(hours=hours))
    row = insert(table).values(
        id=made.id,
        user_id=user_id,
        token=made.token,
        expires_at=made.expires_at,
        created_at=at,
    )
    await connection.execute(row)
    return made


async def find(connection: AsyncConnection, table: Table, token: str) -> MailedToken | None:
    found = await connection.execute(select(table).where(table.c.token == token))
    row = found.mappings().first()
    if row is None:
        return None
    used = row["used_at"] is not None
    return MailedToken(row["id"], row["user_id"], row["token"], row["expires_at"], used)


async def use(connection: AsyncConnection, table: Table, made: MailedToken, at: datetime) -> None:
    await connection.execute(update(table).where(table.c.id == made.id).values(used_at=at))
