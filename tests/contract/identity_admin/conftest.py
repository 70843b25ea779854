"""The module as a separate app, over a SQLite file with an admin and a pending account."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as QuartClient
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.testing import SECRET, FakeClock, access_token, bearer
from services.identity_admin.app import create_app
from services.identity_admin.config import Settings
from services.identity_admin.implementations.database import open_engine
from tests.identity_databases import (
    Account,
    add_approved,
    add_pending,
    an_admin,
    migrated_engine,
    sqlite_url,
)

KEY = "internal-key-for-tests"


@dataclass
class AdminClient:
    """Client that sends an admin's token, the service key and the service id."""

    http: QuartClient
    admin: Account

    def headers(self, user_id: UUID | None = None, **changed: str | None) -> dict[str, str]:
        token = access_token(str(user_id or self.admin.user_id), roles=["teacher", "admin"])
        credentials = {
            "Authorization": bearer(token),
            "X-Internal-API-Key": KEY,
            "X-Service-ID": "bff-admin-service",
        }
        headers = {
            **credentials,
            **{name.replace("_", "-"): value for name, value in changed.items()},
        }
        return {name: value for name, value in headers.items() if value is not None}

    async def get(self, path: str, **changed: str | None) -> tuple[int, Any]:
        answer = await self.http.get(f"/v1/admin{path}", headers=self.headers(None, **changed))
        return answer.status_code, await answer.get_json()

    async def post(
        self, path: str, body: object, **changed: str | None
    ) -> tuple[int, Any, dict[str, str]]:
        headers = self.headers(None, **changed)
        answer = await self.http.post(f"/v1/admin{path}", json=body, headers=headers)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status_code, await answer.get_json(), headers


@pytest.fixture
def admin() -> Account:
    return an_admin()


@pytest.fixture
def nils() -> Account:
    return Account(org_id="org-norra")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrated database, created once and copied for each test."""
    folder = tmp_path_factory.mktemp("identity")

    async def make() -> None:
        async with migrated_engine(sqlite_url(folder)):
            pass

    asyncio.run(make())
    return folder / "identity.db"


@pytest.fixture
async def engine(
    tmp_path: Path, empty_database: Path, admin: Account, nils: Account
) -> AsyncIterator[AsyncEngine]:
    shutil.copy(empty_database, tmp_path)
    made = open_engine(sqlite_url(tmp_path))
    await add_approved(made, admin)
    await add_pending(made, nils)
    yield made
    await made.dispose()


def settings_for(url: str, **more: str) -> Settings:
    environ = {
        "ENVIRONMENT": "testing",
        "JWT_SECRET_KEY": SECRET,
        "HULEEDU_INTERNAL_API_KEY": KEY,
        "IDENTITY_SERVICE_DATABASE_URL": url,
    }
    return Settings.load({**environ, **more})


@pytest.fixture
async def app(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Quart]:
    made = create_app(settings_for(sqlite_url(tmp_path)), clock=FakeClock())
    async with made.test_app():
        yield made


@pytest.fixture
def client(app: Quart, admin: Account) -> AdminClient:
    return AdminClient(app.test_client(), admin)
