"""RAS's cache in a real Redis: shared by its replicas, and never needed."""

import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from devstack.emulators import ras
from devstack.seed import BatchStatus, load_dataset
from devstack.seed.people import SARA
from devstack.seed.store import write_dataset

KEY = "shared-cache-internal-key"
HEADERS = {"X-Internal-API-Key": KEY, "X-Service-ID": "bff-teacher-service"}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "platform.sqlite3"
    write_dataset(load_dataset(), path)
    return path


def settings(database: Path, redis_url: str) -> ras.RasEmulatorSettings:
    return ras.RasEmulatorSettings(
        database=database, internal_api_key=KEY, redis_url=redis_url, cache_ttl_seconds=5
    )


async def status_of(one: ras.RasEmulatorSettings, batch_id: str) -> str:
    async with ras.create_app(one).test_app() as app:
        path = f"/internal/v1/batches/{batch_id}/status"
        answer = await app.test_client().get(path, headers=HEADERS)
        return str((await answer.get_json())["overall_status"])


def cancel(database: Path, batch_id: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "UPDATE batches SET status = ? WHERE batch_id = ?", (BatchStatus.CANCELLED, batch_id)
        )


async def test_replicas_share_what_one_has_read(database: Path, redis_url: str) -> None:
    batch = load_dataset().batches_of(SARA.user_id)[0]
    first = await status_of(settings(database, redis_url), batch.batch_id)
    cancel(database, batch.batch_id)

    second = await status_of(settings(database, redis_url), batch.batch_id)

    assert (first, second) == ("pending_content", "pending_content")


async def test_a_redis_that_nobody_runs_is_no_hindrance(database: Path) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        away = f"redis://127.0.0.1:{reserved.getsockname()[1]}/0"
        batch = load_dataset().batches_of(SARA.user_id)[0]
        await status_of(settings(database, away), batch.batch_id)
        cancel(database, batch.batch_id)

        assert await status_of(settings(database, away), batch.batch_id) == "cancelled"
