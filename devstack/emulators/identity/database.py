"""The engine over the emulated Identity's database, SQLite or PostgreSQL, and its seeding."""

from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from sqlalchemy import event, insert, or_, select
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from devstack.emulators.identity.service import Approval, hash_password
from devstack.emulators.identity.tables import metadata, user_profiles, users
from devstack.seed.people import PASSWORD, DemoUser

_TIMEOUT_SECONDS = 5


def open_engine(url: str) -> AsyncEngine:
    """An engine whose every wait has a timeout; creates the folder of a SQLite file."""
    target = make_url(url)
    if target.get_backend_name() != "sqlite":
        return create_async_engine(
            target.set(drivername="postgresql+asyncpg"),
            pool_timeout=_TIMEOUT_SECONDS,
            connect_args={"timeout": _TIMEOUT_SECONDS, "command_timeout": _TIMEOUT_SECONDS},
        )
    if target.database and target.database != ":memory:":
        Path(target.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        target.set(drivername="sqlite+aiosqlite"), connect_args={"timeout": _TIMEOUT_SECONDS}
    )
    event.listen(engine.sync_engine, "connect", _tune_sqlite)
    return engine


def _tune_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


async def create_tables(engine: AsyncEngine) -> None:
    """Create the missing tables, as the platform does at every start."""
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)


async def seed_people(engine: AsyncEngine, people: Iterable[DemoUser], approval: Approval) -> int:
    """Insert the missing people in one transaction; their number.

    A person whose id or e-mail is there already stays unchanged.
    """
    hashed = await hash_password(PASSWORD)
    added = 0
    async with engine.begin() as connection:
        for person in people:
            user_id, at = UUID(person.user_id), person.registered_at
            same = or_(users.c.id == user_id, users.c.email == person.email.lower())
            if (await connection.execute(select(users.c.id).where(same))).first() is not None:
                continue
            added += 1
            user = insert(users).values(
                id=user_id,
                email=person.email.lower(),
                org_id=person.org_id,
                password_hash=hashed,
                roles=list(person.roles),
                email_verified=person.email_verified,
                registered_at=at,
            )
            await connection.execute(user)
            profile = insert(user_profiles).values(
                user_id=user_id,
                first_name=person.first_name,
                last_name=person.last_name,
                display_name=f"{person.first_name} {person.last_name}",
                locale=person.locale,
                created_at=at,
                updated_at=at,
            )
            await connection.execute(profile)
            is_pending = person.status == "pending"
            notify = approval.registered if is_pending else approval.admitted
            await notify(connection, user_id, at)
    return added
