"""Identity databases on SQLite or PostgreSQL, and accounts for them."""

import os
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bff_core.clock import SystemClock
from bff_core.context import Deadline
from devstack.emulators.identity import tables
from services.identity_admin.implementations.database import open_engine
from services.identity_admin.implementations.gate import (
    add_approved_account,
    add_pending_approval,
)
from services.identity_admin.implementations.migrator import migrate
from services.identity_admin.implementations.outbox_events import TOPICS
from services.identity_admin.implementations.tables import user_approvals, user_decisions

FULL = os.environ.get("FULL_NUMBERS") == "1"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def scaled(full: int) -> int:
    """Return the full number with FULL_NUMBERS=1, else a tenth."""
    return full if FULL else full // 10


def print_measurement(line: str) -> None:
    """Print a measurement, visible with `pytest -s`."""
    sys.stdout.write(f"\n{line}\n")


@dataclass(frozen=True, slots=True)
class Account:
    user_id: UUID = field(default_factory=uuid4)
    roles: tuple[str, ...] = ("teacher",)
    first_name: str = "Nils"
    org_id: str | None = None
    email_verified: bool = True
    registered_at: datetime = LONG_AGO

    @property
    def email(self) -> str:
        return f"{self.user_id.hex}@demo.example"


def an_admin() -> Account:
    return Account(roles=("teacher", "admin"), first_name="Karin")


@asynccontextmanager
async def identity_engine(url: str) -> AsyncIterator[AsyncEngine]:
    """Create Identity's tables, without rows and without the tables of the module."""
    engine = open_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(tables.metadata.create_all)
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def migrated_engine(url: str) -> AsyncIterator[AsyncEngine]:
    async with identity_engine(url) as engine:
        await migrate(engine, "up")
        yield engine


async def create_database(server: str) -> str:
    """Create a database on a PostgreSQL server and return its URL."""
    name = f"identity_{uuid4().hex[:12]}"
    engine = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    await engine.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def sqlite_url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'identity.db'}"


async def add_users(engine: AsyncEngine, accounts: Iterable[Account]) -> None:
    """Insert accounts without approval rows, as before the module was mounted."""
    people = list(accounts)
    users = [
        {
            "id": one.user_id,
            "email": one.email,
            "org_id": one.org_id,
            "password_hash": "none",
            "roles": list(one.roles),
            "email_verified": one.email_verified,
            "registered_at": one.registered_at,
        }
        for one in people
    ]
    names = [
        {"user_id": one.user_id, "first_name": one.first_name, "last_name": "Ek"} for one in people
    ]
    async with engine.begin() as connection:
        await connection.execute(insert(tables.users), users)
        await connection.execute(insert(tables.user_profiles), names)


async def add_approved(engine: AsyncEngine, *accounts: Account) -> None:
    await add_users(engine, accounts)
    async with engine.begin() as connection:
        for one in accounts:
            await add_approved_account(connection, one.user_id, one.registered_at)


async def add_pending(engine: AsyncEngine, *accounts: Account) -> None:
    await add_users(engine, accounts)
    async with engine.begin() as connection:
        for one in accounts:
            await add_pending_approval(connection, one.user_id, one.registered_at)


async def add_deactivated(engine: AsyncEngine, *accounts: Account) -> None:
    """Add accounts that are deactivated at their first version."""
    await add_approved(engine, *accounts)
    ids = [one.user_id for one in accounts]
    deactivated = update(user_approvals).where(user_approvals.c.user_id.in_(ids))
    async with engine.begin() as connection:
        await connection.execute(deactivated.values(status="deactivated"))


async def add_session(engine: AsyncEngine, user_id: UUID, jti: str = "r-1") -> None:
    async with engine.begin() as connection:
        row = {"jti": jti, "user_id": user_id, "exp_ts": 2_000_000_000}
        await connection.execute(insert(tables.refresh_sessions).values(row))
        shown = {"user_id": user_id, "jti": jti, "expires_at": datetime(2030, 1, 1, tzinfo=UTC)}
        await connection.execute(insert(tables.user_sessions).values(shown))


@dataclass(frozen=True, slots=True)
class RecordedWrites:
    """Approval of one account, and the numbers of rows that decisions wrote about it.

    Without an approval: status "absent" and version 0.
    """

    status: str
    version: int
    history: int
    audits: int
    events: int


async def recorded_writes(engine: AsyncEngine, user_id: UUID) -> RecordedWrites:
    decisions, outbox = user_decisions.c, tables.event_outbox.c
    async with engine.connect() as connection:
        approval = select(user_approvals.c.status, user_approvals.c.version).where(
            user_approvals.c.user_id == user_id
        )
        row = (await connection.execute(approval)).one_or_none() or ("absent", 0)
        history = select(func.count()).where(decisions.user_id == user_id)
        events = select(func.count()).where(
            outbox.aggregate_id == str(user_id), outbox.topic.in_(TOPICS)
        )
        target = tables.audit_logs.c.details["target_user_id"].as_string()
        audits = select(func.count()).select_from(tables.audit_logs).where(target == str(user_id))
        counts = [
            (await connection.execute(query)).scalar_one() for query in (history, audits, events)
        ]
    return RecordedWrites(row[0], row[1], *counts)


def deadline_in(seconds: float = 20.0) -> Deadline:
    return Deadline.after(seconds, SystemClock())
