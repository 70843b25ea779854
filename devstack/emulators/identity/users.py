"""Users and their profiles, as the Identity service reads and writes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from devstack.emulators.identity.tables import user_profiles, users


@dataclass(frozen=True, slots=True)
class User:
    """Without the lockout columns: the platform never reads them back, so it locks nobody out."""

    id: UUID
    email: str
    org_id: str | None
    password_hash: str
    roles: Sequence[str]
    email_verified: bool
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class Profile:
    first_name: str | None
    last_name: str | None
    display_name: str | None = None
    locale: str | None = None


async def by_email(connection: AsyncConnection, email: str) -> User | None:
    return await _one(connection, users.c.email == email.lower())


async def by_id(connection: AsyncConnection, user_id: UUID) -> User | None:
    return await _one(connection, users.c.id == user_id)


async def add(connection: AsyncConnection, user: User) -> None:
    row = insert(users).values(
        id=user.id,
        email=user.email.lower(),
        org_id=user.org_id,
        password_hash=user.password_hash,
        roles=list(user.roles),
        email_verified=user.email_verified,
        registered_at=user.registered_at,
    )
    await connection.execute(row)


async def change(connection: AsyncConnection, user_id: UUID, values: Mapping[str, object]) -> None:
    await connection.execute(update(users).where(users.c.id == user_id).values(dict(values)))


async def profile_of(connection: AsyncConnection, user_id: UUID) -> Profile | None:
    columns = user_profiles.c
    wanted = select(columns.first_name, columns.last_name, columns.display_name, columns.locale)
    row = (await connection.execute(wanted.where(columns.user_id == user_id))).first()
    return None if row is None else Profile(*row)


async def put_profile(
    connection: AsyncConnection, user_id: UUID, profile: Profile, at: datetime
) -> None:
    """Write the whole profile, new or not.

    Raises:
        IntegrityError: There is no such user.
    """
    values = {
        "first_name": profile.first_name,
        "last_name": profile.last_name,
        "display_name": profile.display_name,
        "locale": profile.locale,
        "updated_at": at,
    }
    mine = user_profiles.c.user_id == user_id
    done = await connection.execute(update(user_profiles).where(mine).values(values))
    if not done.rowcount:
        row = insert(user_profiles).values(user_id=user_id, created_at=at, **values)
        await connection.execute(row)


async def _one(connection: AsyncConnection, which: ColumnElement[bool]) -> User | None:
    row = (await connection.execute(select(users).where(which))).mappings().first()
    if row is None:
        return None
    return User(
        id=row["id"],
        email=row["email"],
        org_id=row["org_id"],
        password_hash=row["password_hash"],
        roles=row["roles"] or [],
        email_verified=row["email_verified"],
        registered_at=row["registered_at"],
    )
