"""Steps of the scenario, as RAS shows them through its cache and as the platform tells them."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis, FakeServer
from quart import Quart

from devstack.emulators import ras
from devstack.emulators.ras.cache import StatusCache
from devstack.emulators.ras.scenario import MAX_STEPS, SCENARIO_PATH
from devstack.scenario import MOVES, DemoScenario
from devstack.seed import Dataset

Headers = dict[str, str]
LANES = 5


@pytest.fixture
async def app(ras_settings: ras.RasEmulatorSettings, redis: FakeAsyncRedis) -> AsyncIterator[Quart]:
    created = ras.create_app(ras_settings, StatusCache(redis, 5), redis)
    async with created.test_app():
        yield created


async def order(app: Quart, steps: int = 1) -> list[dict[str, Any]]:
    answer = await app.test_client().post(SCENARIO_PATH, json={"steps": steps})
    assert answer.status_code == 200
    moves: list[dict[str, Any]] = (await answer.get_json())["moves"]
    return moves


async def read(app: Quart, internal: Headers, batch_id: str) -> dict[str, Any]:
    path = f"/internal/v1/batches/{batch_id}/status"
    answer = await app.test_client().get(path, headers=internal)
    body: dict[str, Any] = await answer.get_json()
    return body


async def test_order_moves_one_batch_and_tells_which(app: Quart, dataset: Dataset) -> None:
    first, second = (await order(app, 2))[:2]

    batches = DemoScenario(dataset).batches
    assert (first["step"], first["move"]) == (1, "registered")
    assert [first["batch_id"], second["batch_id"]] == [one.batch_id for one in batches[:2]]
    told = await (await app.test_client().get(SCENARIO_PATH)).get_json()
    assert told == {"step": 2, "pace_seconds": None}


async def test_ras_shows_what_the_scenario_says_after_each_step(
    app: Quart, internal: Headers, redis: FakeAsyncRedis, dataset: Dataset
) -> None:
    scenario = DemoScenario(dataset)
    batch_id = scenario.batches[1].batch_id
    await order(app)
    body: dict[str, Any] = {}

    for turn in range(len(MOVES)):
        await redis.flushall()
        moved = (await order(app, LANES))[0]
        body = await read(app, internal, batch_id)
        wanted = scenario.move(2 + turn * LANES).batch
        assert (moved["batch_id"], moved["move"]) == (batch_id, MOVES[turn])
        assert body["completed_essay_count"] == wanted.completed_essay_count
        assert body["failed_essay_count"] == wanted.failed_essay_count
        assert {one["essay_id"]: one["spellcheck_status"] for one in body["essays"]} == {
            one.essay_id: one.spellcheck_status for one in wanted.visible_essays
        }
    assert body["overall_status"] == "completed_successfully"
    assert body["processing_completed_at"] is not None


async def test_single_batch_shows_a_step_only_when_its_cache_forgets(
    app: Quart, internal: Headers, redis: FakeAsyncRedis, dataset: Dataset
) -> None:
    batch_id = DemoScenario(dataset).batches[0].batch_id
    before = await read(app, internal, batch_id)

    await order(app)
    cached = await read(app, internal, batch_id)
    await redis.delete(f"ras:batch:{batch_id}")

    assert cached == before
    assert (await read(app, internal, batch_id))["overall_status"] == "pending_content"


async def test_lists_are_forgotten_where_ras_does_and_nowhere_else(
    app: Quart, internal: Headers, redis: FakeAsyncRedis, dataset: Dataset
) -> None:
    user_id = DemoScenario(dataset).batches[0].user_id
    kept = []
    for turn in range(len(MOVES)):
        path = f"/internal/v1/batches/user/{user_id}?limit=2"
        await app.test_client().get(path, headers=internal)
        await order(app)
        if not await redis.exists(f"ras:user:{user_id}:batches:2:0:all"):
            kept.append(MOVES[turn])
        # The other lanes' steps may be of the same teacher.
        await order(app, LANES - 1)

    assert kept == ["registered", "uploaded", "completed"]


async def test_step_is_told_on_its_teacher_s_channel_only(
    app: Quart, redis: FakeAsyncRedis, dataset: Dataset
) -> None:
    await order(app, LANES)
    async with redis.pubsub() as heard:
        await heard.psubscribe("*")
        await heard.get_message(timeout=1)

        moved = (await order(app))[0]

        messages = [await heard.get_message(timeout=1) for _ in range(moved["notifications"])]
    batch = DemoScenario(dataset).batches[0]
    assert {one["channel"].decode() for one in messages} == {f"ws:{batch.user_id}"}
    assert {json.loads(one["data"])["event"] for one in messages} == {"batch_files_uploaded"}
    assert len(messages) == len(batch.essays)


async def test_steps_go_on_where_they_were_after_a_restart(
    ras_settings: ras.RasEmulatorSettings, redis: FakeAsyncRedis
) -> None:
    apps = [ras.create_app(ras_settings, StatusCache(redis, 5), redis) for _ in range(2)]
    async with apps[0].test_app():
        await order(apps[0], 7)

    async with apps[1].test_app():
        assert (await order(apps[1]))[0]["step"] == 8


async def test_redis_away_moves_all_the_same(ras_settings: ras.RasEmulatorSettings) -> None:
    server = FakeServer()
    server.connected = False
    away = FakeAsyncRedis(server=server)
    app = ras.create_app(ras_settings, StatusCache(away, 5), away)
    async with app.test_app():
        moves = await order(app, LANES + 1)

    assert (moves[-1]["move"], moves[-1]["notifications"]) == ("uploaded", 0)


async def test_rows_stay_as_many_as_they_were(app: Quart, database: Path) -> None:
    before = rows(database)

    await order(app, 3 * LANES * len(MOVES) // 2)

    after = rows(database)
    assert after[:2] == before[:2]
    assert after[2] <= before[2]


@pytest.mark.parametrize(
    "body", ["[]", "no", '{"steps": 0}', '{"steps": true}', f'{{"steps": {MAX_STEPS + 1}}}']
)
async def test_order_that_makes_no_sense_moves_nothing(app: Quart, body: str) -> None:
    answer = await app.test_client().post(SCENARIO_PATH, data=body)

    assert answer.status_code == 400
    assert (await (await app.test_client().get(SCENARIO_PATH)).get_json())["step"] == 0


async def test_another_machine_orders_nothing(app: Quart) -> None:
    answer = await app.test_client().post(SCENARIO_PATH, scope_base={"client": ("192.0.2.7", 1)})

    assert answer.status_code == 403


def rows(database: Path) -> list[int]:
    with closing(sqlite3.connect(database)) as connection:
        tables = ("batches", "essays", "phases")
        counts = [connection.execute(f"SELECT count(*) FROM {table}") for table in tables]
        return [int(count.fetchone()[0]) for count in counts]


async def test_data_of_an_older_version_gets_the_tables_that_it_lacks(
    ras_settings: ras.RasEmulatorSettings, redis: FakeAsyncRedis
) -> None:
    with closing(sqlite3.connect(ras_settings.database)) as connection:
        connection.executescript("DROP TABLE scenario; DROP TABLE effects;")
    app = ras.create_app(ras_settings, StatusCache(redis, 5), redis)

    async with app.test_app(), asyncio.timeout(30):
        while (await app.test_client().get(SCENARIO_PATH)).status_code != 200:
            await asyncio.sleep(0.01)

    with closing(sqlite3.connect(ras_settings.database)) as connection:
        assert connection.execute("SELECT count(*) FROM effects").fetchone() == (0,)
