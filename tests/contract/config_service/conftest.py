"""The whole service without a socket, on a SQLite file and on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from dishka import Provider, Scope
from quart import Quart

from bff_core.clock import Clock
from bff_core.testing import FakeClock
from services.config_service.app import create_app
from services.config_service.config import Settings
from services.config_service.ports import ChangeFeed
from tests.config_service_kit import (
    ApiResponse,
    SettingsClient,
    environment,
    postgres_database,
    sqlite_url,
)


class RecordingChangeFeed:
    """Records the published changes."""

    def __init__(self) -> None:
        self.published: list[tuple[str, int]] = []

    async def publish(self, namespace: str, version: int) -> None:
        self.published.append((namespace, version))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    # Synchronous fixtures have no loop of their own running.
    return asyncio.run(postgres_database(request.getfixturevalue("postgres_url")))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def changes() -> RecordingChangeFeed:
    return RecordingChangeFeed()


@pytest.fixture
async def app(
    database_url: str, clock: FakeClock, changes: RecordingChangeFeed
) -> AsyncIterator[Quart]:
    fakes = Provider(scope=Scope.APP)
    fakes.provide(lambda: clock, provides=Clock, override=True)
    fakes.provide(lambda: changes, provides=ChangeFeed, override=True)
    made = create_app(Settings.load(environment(database_url)), fakes)
    async with made.test_app():
        yield made


@pytest.fixture
def settings(app: Quart) -> SettingsClient:
    client = app.test_client()

    async def send(
        method: str, path: str, *, headers: Mapping[str, str], json: Any = None, data: Any = None
    ) -> ApiResponse:
        more = {"data": data} if json is None else {"json": json}
        answer = await client.open(path, method=method, headers=dict(headers), **more)
        lowered = {name.lower(): value for name, value in answer.headers.items()}
        body = await answer.get_json() if await answer.get_data() else None
        return ApiResponse(answer.status_code, body, lowered)

    return SettingsClient(send)
