"""Commands: the first admin, the list of pending accounts, and their refusals."""

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.testing import SECRET
from devstack.emulators.identity import tables
from services.identity_admin.__main__ import grant_admin, list_pending, main
from services.identity_admin.implementations.migrator import NotMigrated
from services.identity_admin.implementations.outbox_events import EmailTemplates
from tests.contract.identity_admin.conftest import KEY
from tests.identity_databases import (
    Account,
    identity_engine,
    recorded_writes,
    sqlite_url,
)


async def grant(folder: Path, email: str) -> int:
    return await grant_admin(sqlite_url(folder), email, "admin", EmailTemplates())


async def roles_of(engine: AsyncEngine, account: Account) -> list[str]:
    query = select(tables.users.c.roles).where(tables.users.c.id == account.user_id)
    async with engine.connect() as connection:
        roles: list[str] = (await connection.execute(query)).scalar_one()
        return roles


async def test_first_admin_gets_role_and_approval(
    engine: AsyncEngine, tmp_path: Path, nils: Account
) -> None:
    code = await grant(tmp_path, f" {nils.email.upper()} ")

    writes = await recorded_writes(engine, nils.user_id)
    assert code == 0
    assert await roles_of(engine, nils) == ["teacher", "admin"]
    assert (writes.status, writes.version) == ("approved", 2)
    # Two audit rows: the decision, and the role.
    assert (writes.history, writes.audits, writes.events) == (1, 2, 1)


async def test_granting_again_changes_nothing(
    engine: AsyncEngine, tmp_path: Path, nils: Account
) -> None:
    await grant(tmp_path, nils.email)
    before = await recorded_writes(engine, nils.user_id)

    code = await grant(tmp_path, nils.email)

    assert code == 0
    assert await recorded_writes(engine, nils.user_id) == before
    assert await roles_of(engine, nils) == ["teacher", "admin"]


async def test_unknown_address_is_reported(
    engine: AsyncEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await grant(tmp_path, "unknown@demo.example")

    assert code == 1
    assert "no account is registered" in capsys.readouterr().out


async def test_pending_accounts_are_printed(
    engine: AsyncEngine, tmp_path: Path, nils: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    await list_pending(sqlite_url(tmp_path))

    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{nils.user_id}  {nils.email}  verified  org org-norra  waiting ")


async def test_commands_refuse_a_database_without_the_migration(tmp_path: Path) -> None:
    async with identity_engine(sqlite_url(tmp_path)):
        with pytest.raises(NotMigrated):
            await grant(tmp_path, "karin@demo.example")


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "testing")
    monkeypatch.setenv("JWT_SECRET_KEY", SECRET)
    monkeypatch.setenv("HULEEDU_INTERNAL_API_KEY", KEY)
    monkeypatch.setenv("IDENTITY_SERVICE_DATABASE_URL", sqlite_url(tmp_path))


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["migrate", "up"], "it is not Identity's"),
        (["list-pending"], "migrate up"),
        (["grant-admin", "karin@demo.example"], "migrate up"),
    ],
)
def test_database_of_another_service_is_refused_with_a_message(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(arguments)

    error = capsys.readouterr().err
    assert code == 1
    assert message in error
    assert "karin" not in error


@pytest.mark.usefixtures("environment")
def test_missing_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("IDENTITY_SERVICE_DATABASE_URL")

    code = main(["list-pending"])

    assert code == 2
    assert "IDENTITY_SERVICE_DATABASE_URL" in capsys.readouterr().err


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("arguments", [["migrate", "up"], ["list-pending"]])
def test_database_outage_is_reported_without_the_password(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IDENTITY_SERVICE_DATABASE_URL", "postgresql://u:pass-word@127.0.0.1:1/x")

    code = main(arguments)

    error = capsys.readouterr().err
    assert code == 1
    assert error.startswith("failed: ")
    assert "pass-word" not in error
