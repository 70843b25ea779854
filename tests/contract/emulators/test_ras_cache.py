"""RAS's cache: a single batch is never invalidated, and Redis may be away."""

import sqlite3
from contextlib import closing
from pathlib import Path

from fakeredis import FakeAsyncRedis, FakeServer
from quart import Quart

from devstack.emulators import ras
from devstack.emulators.ras.cache import StatusCache
from devstack.seed import BatchStatus, Dataset, Situation
from devstack.seed.people import ANNA

UNKNOWN = "00000000-0000-0000-0000-000000000001"
USER = "/internal/v1/batches/user"


def status_path(batch_id: str) -> str:
    return f"/internal/v1/batches/{batch_id}/status"


async def test_single_batch_stays_as_it_was_until_the_cache_forgets(
    ras_app: Quart,
    internal: dict[str, str],
    dataset: Dataset,
    database: Path,
    redis: FakeAsyncRedis,
) -> None:
    batch = dataset.batches_in(Situation.READY)[0]
    client = ras_app.test_client()
    await client.get(status_path(batch.batch_id), headers=internal)
    move(database, batch.batch_id, BatchStatus.CANCELLED)

    cached = await (await client.get(status_path(batch.batch_id), headers=internal)).get_json()
    await redis.delete(f"ras:batch:{batch.batch_id}")
    fresh = await (await client.get(status_path(batch.batch_id), headers=internal)).get_json()

    assert (cached["overall_status"], fresh["overall_status"]) == ("pending_content", "cancelled")


async def test_cache_keys_and_time_to_live_are_the_platforms(
    ras_app: Quart, internal: dict[str, str], redis: FakeAsyncRedis
) -> None:
    client = ras_app.test_client()
    await client.get(f"{USER}/{ANNA.user_id}?limit=2", headers=internal)
    await client.get(f"{USER}/{ANNA.user_id}?limit=2&status=cancelled", headers=internal)
    await client.get(status_path(UNKNOWN), headers=internal)

    keys = set(await redis.keys())

    assert keys == {
        f"ras:user:{ANNA.user_id}:batches:2:0:all".encode(),
        f"ras:user:{ANNA.user_id}:batches:2:0:cancelled".encode(),
    }
    assert {await redis.ttl(key) for key in keys} == {5}


async def test_without_redis_it_runs_uncached(
    ras_settings: ras.RasEmulatorSettings,
    internal: dict[str, str],
    dataset: Dataset,
    database: Path,
) -> None:
    server = FakeServer()
    server.connected = False
    app = ras.create_app(ras_settings, StatusCache(FakeAsyncRedis(server=server), 5))
    batch = dataset.batches_in(Situation.READY)[0]
    first = await app.test_client().get(status_path(batch.batch_id), headers=internal)
    move(database, batch.batch_id, BatchStatus.CANCELLED)

    second = await app.test_client().get(status_path(batch.batch_id), headers=internal)

    assert (await first.get_json())["overall_status"] == "pending_content"
    assert (await second.get_json())["overall_status"] == "cancelled"


def move(database: Path, batch_id: str, status: BatchStatus) -> None:
    """Write to the shared file while the emulator runs, as the scenario does."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "UPDATE batches SET status = ? WHERE batch_id = ?", (str(status), batch_id)
        )
