"""A freshly seeded database for each test, and clients that carry the internal key."""

import shutil
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakeredis import FakeAsyncRedis
from quart import Quart

from devstack.effects import EffectRunner
from devstack.emulators import cms, content, files, platform_gateway, ras
from devstack.emulators.database import SeededDatabase
from devstack.emulators.ras.cache import StatusCache
from devstack.emulators.server import EmulatorSettings
from devstack.seed import Dataset, load_dataset
from devstack.seed.people import ANNA
from devstack.seed.store import write_dataset
from devstack.tokens import Hs256, access_claims

KEY = "contract-test-internal-key"
SECRET = "a-secret-of-the-demo-with-32-characters"


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return load_dataset()


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory, dataset: Dataset) -> Path:
    path = tmp_path_factory.mktemp("seeded") / "platform.sqlite3"
    write_dataset(dataset, path)
    return path


@pytest.fixture
def database(seeded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(seeded, tmp_path / "platform.sqlite3"))


@pytest.fixture
def internal() -> dict[str, str]:
    return {"X-Internal-API-Key": KEY, "X-Service-ID": "bff-teacher-service"}


@pytest.fixture
def settings(database: Path) -> EmulatorSettings:
    return EmulatorSettings(database=database, internal_api_key=KEY, class_info="fixed")


@pytest.fixture
def redis() -> FakeAsyncRedis:
    return FakeAsyncRedis()


@pytest.fixture
def ras_settings(database: Path) -> ras.RasEmulatorSettings:
    return ras.RasEmulatorSettings(database=database, internal_api_key=KEY, cache_ttl_seconds=5)


@pytest.fixture
def ras_app(ras_settings: ras.RasEmulatorSettings, redis: FakeAsyncRedis) -> Quart:
    return ras.create_app(ras_settings, StatusCache(redis, ras_settings.cache_ttl_seconds))


@pytest.fixture
def cms_app(settings: EmulatorSettings) -> Quart:
    return cms.create_app(settings)


@pytest.fixture
def files_app(settings: EmulatorSettings) -> Quart:
    return files.create_app(settings)


@pytest.fixture
def content_app(settings: EmulatorSettings) -> Quart:
    return content.create_app(settings)


def token(user_id: str = ANNA.user_id, secret: str = SECRET) -> dict[str, str]:
    expires_at = int(datetime.now(UTC).timestamp()) + 600
    signed = Hs256(secret).sign(access_claims(user_id, None, ["teacher"], expires_at))
    return {"Authorization": f"Bearer {signed}"}


@pytest.fixture
def gateway_app(database: Path) -> Quart:
    return platform_gateway.create_app(EmulatorSettings(database=database, jwt_secret=SECRET))


Happen = Callable[[], Awaitable[None]]


@pytest.fixture
def happen(database: Path, redis: FakeAsyncRedis) -> Happen:
    """Let everything happen that follows, in its order and without its waits."""

    async def forget(_user_id: str) -> None: ...

    runner = EffectRunner(SeededDatabase(database), redis, forget)

    async def settle() -> None:
        while effects_left(database):
            skip_wait(database)
            await runner.step()

    return settle


def effects_left(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM effects").fetchone()[0])


def skip_wait(database: Path) -> None:
    """Move all effects by what is missing until the first one is due."""
    move = "UPDATE effects SET due_at = due_at - max(0, (SELECT min(due_at) FROM effects) - ?)"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(move, (time.time(),))
