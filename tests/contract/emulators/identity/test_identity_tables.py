"""The tables are the platform's, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from sqlalchemy import ClauseElement, Dialect, Table, insert, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.schema import CreateIndex, CreateTable

from devstack.emulators.identity import IdentityEmulatorSettings
from devstack.emulators.identity.database import create_tables, open_engine
from devstack.emulators.identity.tables import event_outbox, metadata, users


@pytest.fixture
async def engine(settings: IdentityEmulatorSettings) -> AsyncIterator[AsyncEngine]:
    made = open_engine(settings.database_url)
    await create_tables(made)
    yield made
    await made.dispose()


def ddl(table: Table, dialect: Dialect) -> str:
    parts: list[ClauseElement] = [
        CreateTable(table),
        *(CreateIndex(index) for index in table.indexes),
    ]
    return "\n".join(str(part.compile(dialect=dialect)) for part in parts)


def test_the_eight_tables_are_there() -> None:
    assert set(metadata.tables) == {
        "users",
        "user_profiles",
        "refresh_sessions",
        "user_sessions",
        "email_verification_tokens",
        "password_reset_tokens",
        "event_outbox",
        "audit_logs",
    }


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("users", "id UUID DEFAULT gen_random_uuid() NOT NULL"),
        ("users", "roles JSON"),
        ("users", "registered_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL"),
        ("users", "CREATE UNIQUE INDEX ix_users_email ON users (email)"),
        ("user_profiles", "FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE"),
        ("refresh_sessions", "CREATE INDEX ix_refresh_sessions_user_id"),
        ("audit_logs", "FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE SET NULL"),
        ("event_outbox", "WHERE published_at IS NULL"),
    ],
)
def test_postgresql_gets_the_platforms_ddl(table: str, expected: str) -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy
    assert expected in ddl(metadata.tables[table], dialect)


def test_sqlite_gets_the_partial_index_too() -> None:
    assert "WHERE published_at IS NULL" in ddl(event_outbox, sqlite.dialect())


async def test_sqlite_fills_in_what_a_raw_insert_leaves_out(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        raw = "INSERT INTO users (email, password_hash) VALUES ('a@b.example', 'x')"
        await connection.execute(text(raw))
        row = (await connection.execute(select(users))).mappings().one()

    assert isinstance(row["id"], UUID)
    assert row["email_verified"] is False
    assert row["registered_at"].tzinfo is UTC


async def test_sqlite_keeps_the_moment_of_a_foreign_zone(engine: AsyncEngine) -> None:
    stockholm = datetime(2026, 1, 31, 13, tzinfo=timezone(timedelta(hours=1)))
    async with engine.begin() as connection:
        row = {"email": "a@b.example", "password_hash": "x", "registered_at": stockholm}
        await connection.execute(insert(users).values(row))
        kept = (await connection.execute(select(users.c.registered_at))).scalar_one()

    assert kept == stockholm
    assert kept.isoformat() == "2026-01-31T12:00:00+00:00"
