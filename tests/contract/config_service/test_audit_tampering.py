"""Audit rows cannot be changed; a change past the triggers is found by the verification."""

import sqlite3
from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from sqlalchemy import make_url

from tests.config_service_kit import SettingsClient

NS = "uploads"
COPY = (
    "sequence, at, actor, service, correlation_id, namespace, version_before, version_after,"
    " before, after, reason, prev_mac, mac"
)

Execute = Callable[[str], Awaitable[None]]


@pytest.fixture
def execute(database_url: str) -> Execute:
    """Run a statement on the database, past the service."""
    url = make_url(database_url)

    async def on_sqlite(statement: str) -> None:
        connection = sqlite3.connect(str(url.database), isolation_level=None)
        try:
            connection.execute(statement)
        finally:
            connection.close()

    async def on_postgres(statement: str) -> None:
        connection = await asyncpg.connect(
            host=url.host, port=url.port, user=url.username, database=url.database
        )
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    return on_sqlite if url.get_backend_name() == "sqlite" else on_postgres


@pytest.fixture
def is_sqlite(database_url: str) -> bool:
    return database_url.startswith("sqlite")


@pytest.fixture
async def written(settings: SettingsClient) -> None:
    etag = (await settings.read(NS)).etag
    for size in (1, 2, 3, 4):
        etag = (await settings.put(NS, {"max_file_mebibytes": size}, etag)).etag


async def drop_triggers(execute: Execute, *, is_sqlite: bool) -> None:
    if is_sqlite:
        for name in ("update", "delete", "replace", "head_forward", "head_no_delete"):
            prefix = "config_audit_" if name.startswith("head") else "config_audit_no_"
            await execute(f"DROP TRIGGER {prefix}{name}")
    else:
        await execute("ALTER TABLE config_audit DISABLE TRIGGER ALL")
        await execute("ALTER TABLE config_audit_head DISABLE TRIGGER ALL")


ANYWHERE = [
    "UPDATE config_audit SET reason = 'x' WHERE sequence = 2",
    "UPDATE config_audit SET sequence = 9 WHERE sequence = 2",
    "DELETE FROM config_audit WHERE sequence = 2",
    "DELETE FROM config_audit",
    f"INSERT INTO config_audit ({COPY}) SELECT {COPY} FROM config_audit WHERE sequence = 2",
    (
        f"INSERT INTO config_audit ({COPY}) SELECT {COPY} FROM config_audit WHERE sequence = 2"
        " ON CONFLICT (sequence) DO UPDATE SET reason = 'x'"
    ),
    "UPDATE config_audit_head SET sequence = 2",
    "DELETE FROM config_audit_head",
]
ON_SQLITE = [
    (
        f"INSERT OR REPLACE INTO config_audit ({COPY}) SELECT {COPY} FROM config_audit"
        " WHERE sequence = 2"
    ),
    (
        f"INSERT OR REPLACE INTO config_audit SELECT 9{COPY.removeprefix('sequence')}"
        " FROM config_audit WHERE sequence = 2"
    ),
    "UPDATE OR REPLACE config_audit SET sequence = 2 WHERE sequence = 3",
    "INSERT OR REPLACE INTO config_audit_head VALUES (1, 0, '')",
]
ON_POSTGRES = [
    "TRUNCATE config_audit",
    "TRUNCATE config_audit_head",
    "SET session_replication_role = replica; DELETE FROM config_audit",
    "SET session_replication_role = replica; TRUNCATE config_audit",
]


@pytest.mark.usefixtures("written")
async def test_rows_cannot_be_changed(
    settings: SettingsClient, execute: Execute, is_sqlite: bool
) -> None:
    for statement in ANYWHERE + (ON_SQLITE if is_sqlite else ON_POSTGRES):
        with pytest.raises((sqlite3.IntegrityError, asyncpg.IntegrityConstraintViolationError)):
            await execute(statement)

    verdict = (await settings.get("/v1/audit/verify")).body
    assert (verdict["valid"], verdict["length"]) == (True, 4)


@pytest.mark.parametrize(
    ("statement", "sequence", "problem"),
    [
        ("UPDATE config_audit SET reason = 'x' WHERE sequence = 2", 2, "wrong_seal"),
        ("UPDATE config_audit SET after = '{}' WHERE sequence = 3", 3, "wrong_seal"),
        ("DELETE FROM config_audit WHERE sequence = 1", 1, "entry_missing"),
        ("DELETE FROM config_audit WHERE sequence = 2", 2, "entry_missing"),
        ("DELETE FROM config_audit WHERE sequence > 2", 3, "tail_missing"),
        ("DELETE FROM config_audit", 1, "tail_missing"),
        ("UPDATE config_audit SET sequence = 9 WHERE sequence = 2", 2, "entry_missing"),
        ("UPDATE config_audit_head SET mac = 'x', sequence = 4", 4, "head_differs"),
        ("DELETE FROM config_audit_head", 4, "head_missing"),
    ],
)
@pytest.mark.usefixtures("written")
async def test_first_bad_row_is_named(
    settings: SettingsClient,
    execute: Execute,
    *,
    is_sqlite: bool,
    statement: str,
    sequence: int,
    problem: str,
) -> None:
    await drop_triggers(execute, is_sqlite=is_sqlite)

    await execute(statement)

    verdict = (await settings.get("/v1/audit/verify")).body
    assert verdict["valid"] is False
    assert verdict["fault"] == {"sequence": sequence, "problem": problem}


@pytest.mark.usefixtures("written")
async def test_row_inserted_by_hand_is_named(settings: SettingsClient, execute: Execute) -> None:
    by_hand = COPY.replace("sequence", "5").replace("version_before", "4", 1)
    by_hand = by_hand.replace("version_after", "5", 1)
    await execute(f"INSERT INTO config_audit SELECT {by_hand} FROM config_audit WHERE sequence = 4")

    verdict = (await settings.get("/v1/audit/verify")).body

    assert verdict["fault"] == {"sequence": 5, "problem": "wrong_seal"}


@pytest.mark.usefixtures("written")
async def test_broken_chain_is_not_continued(
    settings: SettingsClient, execute: Execute, is_sqlite: bool
) -> None:
    await drop_triggers(execute, is_sqlite=is_sqlite)
    await execute("DELETE FROM config_audit WHERE sequence = 4")

    current = await settings.read(NS)
    answer = await settings.put(NS, {}, current.etag)

    assert current.status == 200
    assert answer.status == 503
    assert answer.error["details"] == {"reason": "audit_broken"}
