"""Seeding inserts who is missing, tells the hook of who is pending, and changes nobody."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from devstack.emulators.identity import IdentitySettings
from devstack.emulators.identity.database import create_tables, open_engine
from devstack.emulators.identity.seeding import seed_people
from devstack.emulators.identity.tables import users
from tests.contract.emulators.identity.people import SomePerson


class Pending:
    def __init__(self) -> None:
        self.told: list[tuple[UUID, datetime]] = []
        self.admits: list[UUID] = []

    async def registered(self, connection: AsyncConnection, user_id: UUID, at: datetime) -> None:
        self.told.append((user_id, at))

    async def admitted(self, connection: AsyncConnection, user_id: UUID, at: datetime) -> None:
        self.admits.append(user_id)


@pytest.fixture
async def engine(settings: IdentitySettings) -> AsyncIterator[AsyncEngine]:
    made = open_engine(settings.database_url)
    await create_tables(made)
    yield made
    await made.dispose()


async def test_second_seeding_adds_nobody(engine: AsyncEngine, people: list[SomePerson]) -> None:
    hook = Pending()

    added = [await seed_people(engine, people, hook=hook) for _ in range(2)]

    async with engine.connect() as connection:
        count = (await connection.execute(select(func.count(users.c.id)))).scalar_one()
    assert added == [3, 0]
    assert count == 3


async def test_hook_hears_who_waits_and_who_is_in(
    engine: AsyncEngine, people: list[SomePerson]
) -> None:
    hook, nils = Pending(), people[2]

    await seed_people(engine, people, hook=hook)

    assert hook.told == [(UUID(nils.user_id), nils.registered_at)]
    assert hook.admits == [UUID(person.user_id) for person in people[:2]]


async def test_people_keep_their_ids_times_and_roles(
    engine: AsyncEngine, people: list[SomePerson], anna: SomePerson
) -> None:
    await seed_people(engine, people, hook=Pending())

    wanted = select(users.c.id, users.c.registered_at, users.c.roles, users.c.org_id)
    async with engine.connect() as connection:
        row = (await connection.execute(wanted.where(users.c.email == anna.email))).one()
    assert tuple(row) == (UUID(anna.user_id), anna.registered_at, ["teacher"], "org-demo")
