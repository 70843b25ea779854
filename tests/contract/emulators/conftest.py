"""A freshly seeded database for each test, and clients that carry the internal key."""

import shutil
from pathlib import Path

import pytest
from fakeredis import FakeAsyncRedis
from quart import Quart

from devstack.emulators import cms, content, files, ras
from devstack.emulators.ras.cache import StatusCache
from devstack.emulators.server import EmulatorSettings
from devstack.seed import Dataset, load_dataset
from devstack.seed.store import write_dataset

KEY = "contract-test-internal-key"


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
