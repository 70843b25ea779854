"""Seeding inserts the missing people, registers the pending ones, and changes no one."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from devstack.emulators.identity import IdentityEmulatorSettings
from devstack.emulators.identity.database import create_tables, open_engine, seed_people
from devstack.emulators.identity.service import Approval
from devstack.emulators.identity.tables import users
from tests.contract.emulators.identity.people import SomePerson


class RecordingApproval(Approval):
    def __init__(self) -> None:
        self.registrations: list[tuple[UUID, datetime]] = []
        self.admissions: list[UUID] = []

    async def registered(self, connection: AsyncConnection, user_id: UUID, at: datetime) -> None:
        self.registrations.append((user_id, at))

    async def admitted(self, connection: AsyncConnection, user_id: UUID, at: datetime) -> None:
        self.admissions.append(user_id)


@pytest.fixture
async def engine(settings: IdentityEmulatorSettings) -> AsyncIterator[AsyncEngine]:
    made = open_engine(settings.database_url)
    await create_tables(made)
    yield made
    await made.dispose()


async def test_second_seeding_adds_nobody(engine: AsyncEngine, people: list[SomePerson]) -> None:
    approval = RecordingApproval()

    added = [await seed_people(engine, people, approval) for _ in range(2)]

    async with engine.connect() as connection:
        count = (await connection.execute(select(func.count(users.c.id)))).scalar_one()
    assert added == [3, 0]
    assert count == 3


async def test_pending_people_are_registered_and_the_others_admitted(
    engine: AsyncEngine, people: list[SomePerson]
) -> None:
    approval, nils = RecordingApproval(), people[2]

    await seed_people(engine, people, approval)

    assert approval.registrations == [(UUID(nils.user_id), nils.registered_at)]
    assert approval.admissions == [UUID(person.user_id) for person in people[:2]]


async def test_people_keep_their_ids_times_and_roles(
    engine: AsyncEngine, people: list[SomePerson], anna: SomePerson
) -> None:
    await seed_people(engine, people, RecordingApproval())

    wanted = select(users.c.id, users.c.registered_at, users.c.roles, users.c.org_id)
    async with engine.connect() as connection:
        row = (await connection.execute(wanted.where(users.c.email == anna.email))).one()
    assert tuple(row) == (UUID(anna.user_id), anna.registered_at, ["teacher"], "org-demo")
