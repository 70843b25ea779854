"""The migration: quick, without a long lock, clean in both directions; and the gate that asks for it.

100,000 users in under 30 s with FULL_NUMBERS=1, else 10,000.
"""

import asyncio
import time
from typing import Literal
from uuid import uuid4

import pytest
from alembic import command
from sqlalchemy import Connection, delete, func, insert, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from devstack.emulators.identity import tables
from services.identity_admin.implementations.database import open_engine
from services.identity_admin.implementations.gate import SignInGate
from services.identity_admin.implementations.migrator import (
    VERSION_TABLE,
    NotIdentitysDatabase,
    NotMigrated,
    _config,
    migrate,
)
from services.identity_admin.implementations.tables import user_approvals, user_approvals_marker
from tests.identity_databases import (
    Account,
    add_users,
    figure,
    identity_engine,
    own_database,
    scaled,
)

USERS = scaled(100_000)
MOST_SECONDS = 30.0
# As long as the migration itself would wait for a lock.
LONGEST_WAIT = 3.0
OURS = {"user_approvals", "user_decisions", "user_approvals_marker", VERSION_TABLE}


async def add_many(engine: AsyncEngine, number: int) -> None:
    rows = text(
        "INSERT INTO users (email, password_hash, registered_at)"
        " SELECT 'user' || n || '@demo.example', 'none', now() - n * interval '1 minute'"
        f" FROM generate_series(1, {number}) AS n"
    )
    async with engine.begin() as connection:
        await connection.execute(rows)


async def sign_ups_and_logins(engine: AsyncEngine, done: asyncio.Event) -> list[float]:
    """What Identity does meanwhile; how long each of it took, in seconds."""
    took = []
    while not done.is_set():
        started = time.perf_counter()
        async with engine.begin() as connection:
            row = {"email": f"{uuid4().hex}@demo.example", "password_hash": "none"}
            await connection.execute(insert(tables.users).values(row))
            counted = tables.users.update().where(tables.users.c.email == row["email"])
            await connection.execute(counted.values(failed_login_attempts=1))
        took.append(time.perf_counter() - started)
        await asyncio.sleep(0.01)
    return took


@pytest.mark.postgres
async def test_many_users_are_approved_soon_and_nobody_waits_for_it(postgres_url: str) -> None:
    async with identity_engine(await own_database(postgres_url)) as engine:
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
    figure(f"{USERS} users migrated in {took:.2f} s; longest sign-up meanwhile {longest:.3f} s")
    assert number >= USERS
    assert took < MOST_SECONDS
    assert longest < LONGEST_WAIT


def schema_of(connection: Connection) -> dict[str, object]:
    found = inspect(connection)
    return {
        name: (
            [(column["name"], str(column["type"])) for column in found.get_columns(name)],
            sorted(str(index["name"]) for index in found.get_indexes(name)),
        )
        for name in found.get_table_names()
    }


async def test_down_and_up_again_is_clean(database: str) -> None:
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
        await SignInGate.opened(engine)

    before, up, down, again = schemas
    assert set(up) - set(before) == OURS
    assert {name: up[name] for name in before} == before
    # Alembic keeps its own table, empty.
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

        gate = await SignInGate.opened(engine)

        assert await gate.may_sign_in(person.user_id)
        assert not await gate.may_sign_in(late.user_id)


@pytest.mark.postgres
async def test_two_migrations_at_once_do_not_hurt(postgres_url: str) -> None:
    async with identity_engine(await own_database(postgres_url)) as engine:
        await add_many(engine, 1000)

        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(migrate(engine, "up"))

        await SignInGate.opened(engine)


async def test_foreign_database_is_not_migrated(database: str) -> None:
    engine = open_engine(database)

    with pytest.raises(NotIdentitysDatabase):
        await migrate(engine, "up")

    async with engine.connect() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == []
    await engine.dispose()


async def half_migrated(engine: AsyncEngine) -> None:
    """The tables are there, nobody is in them."""

    def first_step(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "ia0001")

    async with engine.connect() as connection:
        await connection.run_sync(first_step)
        await connection.commit()


async def test_gate_does_not_open_on_an_empty_database(database: str) -> None:
    engine = open_engine(database)

    with pytest.raises(NotMigrated, match="migrate up"):
        await SignInGate.opened(engine)

    await engine.dispose()


async def test_gate_does_not_open_before_the_migration(database: str) -> None:
    async with identity_engine(database) as engine:
        with pytest.raises(NotMigrated):
            await SignInGate.opened(engine)


async def test_gate_does_not_open_on_a_half_migrated_database(database: str) -> None:
    async with identity_engine(database) as engine:
        person = Account()
        await add_users(engine, [person])
        await half_migrated(engine)

        with pytest.raises(NotMigrated, match="ia0001"):
            await SignInGate.opened(engine)

        await migrate(engine, "up")
        assert await (await SignInGate.opened(engine)).may_sign_in(person.user_id)


async def test_gate_does_not_open_without_the_marker(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(delete(user_approvals_marker))

    with pytest.raises(NotMigrated, match="not come to its end"):
        await SignInGate.opened(engine)


async def test_gate_lets_nobody_without_a_row_in_and_queues_them(engine: AsyncEngine) -> None:
    early, late = Account(), Account()
    await add_users(engine, [early])
    gate = await SignInGate.opened(engine)
    await add_users(engine, [late])

    assert not await gate.may_sign_in(early.user_id)
    assert not await gate.may_sign_in(late.user_id)
    assert not await gate.may_sign_in(uuid4())
    async with engine.connect() as connection:
        queued = select(user_approvals.c.user_id, user_approvals.c.status)
        assert [tuple(row) for row in await connection.execute(queued)] == [
            (early.user_id, "pending")
        ]
