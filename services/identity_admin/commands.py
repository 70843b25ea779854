"""What operators do from the command line, beside the running service."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import SystemClock
from bff_core.context import Deadline
from bff_core.errors import NotFound
from services.identity_admin.domain_handlers.granting import Granting
from services.identity_admin.implementations.casebook import SqlCasebook
from services.identity_admin.implementations.database import open_engine, transaction
from services.identity_admin.implementations.event_rows import Mails
from services.identity_admin.implementations.migrator import migrate, require_migrated
from services.identity_admin.implementations.register import SqlRegister
from services.identity_admin.protocols import Filter, Place
from services.identity_admin.standing import Person, Status

_SECONDS = 30.0
_PAGE = 500


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


async def migrate_database(url: str, direction: Literal["up", "down"]) -> int:
    async with _engine(url) as engine:
        await migrate(engine, direction)
    say(f"migrated {direction}")
    return 0


async def grant_admin(url: str, email: str, role: str, mails: Mails) -> int:
    """Exit code 1 when nobody has the address."""
    async with _migrated(url) as engine:
        clock = SystemClock()
        granting = Granting(SqlCasebook(engine, mails), role, clock)
        try:
            granted = await granting.grant(email, Deadline.after(_SECONDS, clock))
        except NotFound:
            say("nobody is registered under this address")
            return 1
    say("role granted" if granted.role else "had the role already")
    say("approved" if granted.approval else "was approved already")
    return 0


async def list_pending(url: str) -> int:
    """Longest waiting first."""
    async with _migrated(url) as engine:
        register, clock = SqlRegister(engine), SystemClock()
        after: Place | None = None
        while True:
            deadline = Deadline.after(_SECONDS, clock)
            page = await register.people(Filter(Status.PENDING), after, _PAGE, deadline)
            for person in page:
                say(_line(person, clock.now()))
            if len(page) < _PAGE:
                return 0
            after = Place(page[-1].standing.requested_at, page[-1].user_id)


def _line(person: Person, now: datetime) -> str:
    hours = int((now - person.standing.requested_at).total_seconds() // 3600)
    verified = "verified" if person.email_verified else "unverified"
    org = person.org_id or "-"
    return f"{person.user_id}  {person.email}  {verified}  org {org}  waiting {hours} h"


@asynccontextmanager
async def _engine(url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(url)
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def _migrated(url: str) -> AsyncIterator[AsyncEngine]:
    async with _engine(url) as engine:
        async with transaction(engine, _SECONDS) as connection:
            await require_migrated(connection)
        yield engine
