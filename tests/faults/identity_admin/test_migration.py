"""Duration, locks and both directions of the migration, and the gate that requires it.

100,000 users in under 30 s with FULL_NUMBERS=1, else 10,000.
"""

import asyncio
import time
from typing import Literal
from uuid import uuid4

import pytest
from alembic import command
from sqlalchemy import Connection, delete, func, insert, inspect, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from devstack.emulators.identity import tables
from services.identity_admin.implementations.database import open_engine
from services.identity_admin.implementations.gate import SignInGate
from services.identity_admin.implementations.migrator import (
    VERSION_TABLE,
    NotIdentityDatabase,
    NotMigrated,
    alembic_config,
    migrate,
)
from services.identity_admin.implementations.tables import user_approvals, user_approvals_marker
from tests.identity_databases import (
    Account,
    add_users,
    create_database,
    identity_engine,
    print_measurement,
    scaled,
)

USERS = scaled(100_000)
MAX_SECONDS = 30.0
# The lock timeout of the migration.
MAX_WAIT_SECONDS = 3.0
ADDED_TABLES = {
    "user_approvals",
    "user_decisions",
    "user_approvals_marker",
    "user_revocations",
    "user_invitations",
    VERSION_TABLE,
}


async def add_many(engine: AsyncEngine, number: int) -> None:
    rows = text(
        "INSERT INTO users (email, password_hash, registered_at)"
        " SELECT 'user' || n || '@demo.example', 'none', now() - n * interval '1 minute'"
        f" FROM generate_series(1, {number}) AS n"
    )
    async with engine.begin() as connection:
        await connection.execute(rows)


async def sign_ups_and_logins(engine: AsyncEngine, done: asyncio.Event) -> list[float]:
    """Write as Identity does until `done`; return the durations in seconds."""
    durations = []
    while not done.is_set():
        started = time.perf_counter()
        async with engine.begin() as connection:
            row = {"email": f"{uuid4().hex}@demo.example", "password_hash": "none"}
            await connection.execute(insert(tables.users).values(row))
            counted = tables.users.update().where(tables.users.c.email == row["email"])
            await connection.execute(counted.values(failed_login_attempts=1))
        durations.append(time.perf_counter() - started)
        await asyncio.sleep(0.01)
    return durations


@pytest.mark.postgres
async def test_many_users_are_approved_in_time_without_blocking_sign_ups(postgres_url: str) -> None:
    async with identity_engine(await create_database(postgres_url)) as engine:
        await add_many(engine, USERS)
        done = asyncio.Event()

        async with asyncio.TaskGroup() as group:
            busy = group.create_task(sign_ups_and_logins(engine, done))
            started = time.perf_counter()
            await migrate(engine, "up")
            took = time.perf_counter() - started
            done.set()

        async with engine.connect() as connection:
            approved = select(func.count()).where(user_approvals.c.status == "approved")
            number = (await connection.execute(approved)).scalar_one()
    longest = max(busy.result())
    print_measurement(
        f"{USERS} users migrated in {took:.2f} s; longest sign-up meanwhile {longest:.3f} s"
    )
    assert number >= USERS
    assert took < MAX_SECONDS
    assert longest < MAX_WAIT_SECONDS


def schema_of(connection: Connection) -> dict[str, object]:
    inspector = inspect(connection)
    return {
        name: (
            [(column["name"], str(column["type"])) for column in inspector.get_columns(name)],
            sorted(str(index["name"]) for index in inspector.get_indexes(name)),
        )
        for name in inspector.get_table_names()
    }


async def test_down_and_up_again_restores_the_schema(database: str) -> None:
    async with identity_engine(database) as engine:
        await add_users(engine, [Account()])
        schemas = []
        directions: tuple[Literal["up", "down"], ...] = ("up", "down", "up")
        async with engine.connect() as connection:
            schemas.append(await connection.run_sync(schema_of))
        for direction in directions:
            await migrate(engine, direction)
            async with engine.connect() as connection:
                schemas.append(await connection.run_sync(schema_of))
        await SignInGate.open(engine)

    before, up, down, again = schemas
    assert set(up) - set(before) == ADDED_TABLES
    assert {name: up[name] for name in before} == before
    # Alembic keeps its own table, without rows.
    assert set(down) - set(before) == {VERSION_TABLE}
    assert again == up


async def test_second_migration_finds_nothing_to_do(database: str) -> None:
    async with identity_engine(database) as engine:
        person = Account()
        await add_users(engine, [person])
        await migrate(engine, "up")
        late = Account()
        await add_users(engine, [late])
        await migrate(engine, "up")

        gate = await SignInGate.open(engine)

        assert await gate.refusal(person.user_id) is None
        assert await gate.refusal(late.user_id) is not None


@pytest.mark.postgres
async def test_concurrent_migrations_all_succeed(postgres_url: str) -> None:
    async with identity_engine(await create_database(postgres_url)) as engine:
        await add_many(engine, 1000)

        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(migrate(engine, "up"))

        await SignInGate.open(engine)


async def test_database_of_another_service_is_not_migrated(database: str) -> None:
    engine = open_engine(database)

    with pytest.raises(NotIdentityDatabase):
        await migrate(engine, "up")

    async with engine.connect() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == []
    await engine.dispose()


async def test_release_before_deactivation_is_upgraded_with_its_accounts(database: str) -> None:
    async with identity_engine(database) as engine:
        person = Account()
        await add_users(engine, [person])
        await run_revisions(engine, "ia0003")
        deactivated = update(user_approvals).values(status="deactivated")
        with pytest.raises(IntegrityError):
            async with engine.begin() as connection:
                await connection.execute(deactivated)

        await migrate(engine, "up")

        async with engine.begin() as connection:
            await connection.execute(deactivated)
        with pytest.raises(IntegrityError):
            async with engine.begin() as connection:
                await connection.execute(update(user_approvals).values(status="lost"))
        refusal = await (await SignInGate.open(engine)).refusal(person.user_id)
        assert refusal is not None
        assert refusal.reason == "account_deactivated"
        # The foreign key is there still.
        async with engine.begin() as connection:
            await connection.execute(delete(tables.users))
            kept = select(func.count()).select_from(user_approvals)
            assert (await connection.execute(kept)).scalar_one() == 0


async def run_revisions(engine: AsyncEngine, last: str) -> None:
    """Migrate as far as this revision; the first creates the tables without the backfill."""

    def upgrade(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, last)

    async with engine.connect() as connection:
        await connection.run_sync(upgrade)
        await connection.commit()


async def test_gate_does_not_open_on_an_empty_database(database: str) -> None:
    engine = open_engine(database)

    with pytest.raises(NotMigrated, match="migrate up"):
        await SignInGate.open(engine)

    await engine.dispose()


async def test_gate_does_not_open_before_the_migration(database: str) -> None:
    async with identity_engine(database) as engine:
        with pytest.raises(NotMigrated):
            await SignInGate.open(engine)


async def test_gate_does_not_open_on_a_half_migrated_database(database: str) -> None:
    async with identity_engine(database) as engine:
        person = Account()
        await add_users(engine, [person])
        await run_revisions(engine, "ia0001")

        with pytest.raises(NotMigrated, match="ia0001"):
            await SignInGate.open(engine)

        await migrate(engine, "up")
        gate = await SignInGate.open(engine)
        assert await gate.refusal(person.user_id) is None


async def test_gate_does_not_open_without_the_marker(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(delete(user_approvals_marker))

    with pytest.raises(NotMigrated, match="not come to its end"):
        await SignInGate.open(engine)


async def test_gate_refuses_accounts_without_a_row_and_adds_them_to_the_queue(
    engine: AsyncEngine,
) -> None:
    early, late = Account(), Account()
    await add_users(engine, [early])
    gate = await SignInGate.open(engine)
    await add_users(engine, [late])

    assert await gate.refusal(early.user_id) is not None
    assert await gate.refusal(late.user_id) is not None
    assert await gate.refusal(uuid4()) is not None
    async with engine.connect() as connection:
        queued = select(user_approvals.c.user_id, user_approvals.c.status)
        assert [tuple(row) for row in await connection.execute(queued)] == [
            (early.user_id, "pending")
        ]
