"""Puts the demo's people into the Identity tables, once, whoever was there before."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from devstack.emulators.identity import users
from devstack.emulators.identity.gate import RegistrationHook
from devstack.emulators.identity.passwords import Passwords

DEMO_PASSWORD = "Demo-Pass-2026!"
PENDING = "pending"


class SeedPerson(Protocol):
    """`status` "pending": waits for approval, so the registration hook is told of them."""

    @property
    def user_id(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def first_name(self) -> str: ...
    @property
    def last_name(self) -> str: ...
    @property
    def org_id(self) -> str | None: ...
    @property
    def roles(self) -> Sequence[str]: ...
    @property
    def email_verified(self) -> bool: ...
    @property
    def status(self) -> str: ...
    @property
    def registered_at(self) -> datetime: ...
    @property
    def locale(self) -> str: ...


async def seed_people(
    engine: AsyncEngine,
    people: Iterable[SeedPerson],
    *,
    hook: RegistrationHook,
    password: str = DEMO_PASSWORD,
) -> int:
    """Insert those who are not there yet, in one transaction; how many that were.

    Who is there already, by id or by e-mail, is left as they are, changed passwords included.
    """
    wanted = list(people)
    if not wanted:
        return 0
    hashed = await Passwords().hashed(password)
    added = 0
    async with engine.begin() as connection:
        for person in wanted:
            if await _known(connection, person):
                continue
            added += 1
            await _add(connection, person, hashed)
            await _tell(hook, connection, person)
    return added


async def _tell(hook: RegistrationHook, connection: AsyncConnection, person: SeedPerson) -> None:
    """Who waits has registered; everybody else is in from the start."""
    tell = hook.registered if person.status == PENDING else hook.admitted
    await tell(connection, UUID(person.user_id), person.registered_at)


async def _known(connection: AsyncConnection, person: SeedPerson) -> bool:
    if await users.by_id(connection, UUID(person.user_id)) is not None:
        return True
    return await users.by_email(connection, person.email) is not None


async def _add(connection: AsyncConnection, person: SeedPerson, hashed: str) -> None:
    user_id = UUID(person.user_id)
    user = users.User(
        id=user_id,
        email=person.email,
        org_id=person.org_id,
        password_hash=hashed,
        roles=list(person.roles),
        email_verified=person.email_verified,
        registered_at=person.registered_at,
    )
    shown = f"{person.first_name} {person.last_name}"
    profile = users.Profile(person.first_name, person.last_name, shown, person.locale)
    await users.add(connection, user)
    await users.put_profile(connection, user_id, profile, person.registered_at)
