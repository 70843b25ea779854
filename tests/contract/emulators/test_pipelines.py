"""Starts at the platform's gateway, and what follows of them at the orchestrator and RAS."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis
from quart import Quart

from devstack.effects.world import AWAITING_STUDENTS, READY
from devstack.emulators import bos
from devstack.emulators.server import EmulatorSettings
from devstack.seed import Dataset
from devstack.seed.model import SeededBatch
from devstack.seed.people import CREDITS
from tests.contract.emulators.conftest import Happen, token
from tests.contract.emulators.test_bos import NOWHERE, ready, with_phases

CJ = {"requested_pipeline": "cj_assessment"}


@pytest.fixture
def bos_app(settings: EmulatorSettings) -> Quart:
    return bos.create_app(settings)


async def post(app: Quart, path: str, body: Any, **headers: str) -> tuple[int, Any]:
    answer = await app.test_client().post(path, json=body, headers=headers)
    return answer.status_code, await answer.get_json()


async def start(app: Quart, batch_id: str, body: Any = CJ) -> tuple[int, Any]:
    return await post(app, f"/v1/batches/{batch_id}/pipelines", body, **token())


async def phases_of(app: Quart, batch_id: str) -> dict[str, str]:
    path = f"/internal/v1/batches/{batch_id}/pipeline-state"
    state = (await (await app.test_client().get(path)).get_json())["pipeline_state"]
    return {name: state[name]["status"] for name in ("spellcheck", "nlp", "cj_assessment")}


def waiting(dataset: Dataset, status: str) -> SeededBatch:
    """A batch of a teacher with enough credits that nobody has started."""
    return next(
        one
        for one in dataset.batches
        if one.prompt_storage_id
        and one.phases[0].status == "pending_dependencies"
        and one.orchestrator_status == status
        and CREDITS[one.user_id] == 1_250
    )


def ended_batches(database: Path) -> Sequence[str]:
    query = "SELECT batch_id FROM batches WHERE processing_completed_at IS NOT NULL"
    with closing(sqlite3.connect(database)) as connection:
        return [row[0] for row in connection.execute(query)]


async def test_an_accepted_start_runs_its_phases_later(
    gateway_app: Quart, bos_app: Quart, dataset: Dataset, database: Path, happen: Happen
) -> None:
    batch = waiting(dataset, READY)

    status, body = await start(gateway_app, batch.batch_id)
    before = await phases_of(bos_app, batch.batch_id)
    await happen()
    after = await phases_of(bos_app, batch.batch_id)

    assert (status, body["status"], body["batch_id"]) == (202, "accepted", batch.batch_id)
    assert before["spellcheck"] == "pending_dependencies"
    assert (after["spellcheck"], after["cj_assessment"]) == ("completed_successfully",) * 2
    assert batch.batch_id in ended_batches(database)


async def test_a_second_command_is_accepted_and_ignored(
    gateway_app: Quart, dataset: Dataset, redis: FakeAsyncRedis, happen: Happen
) -> None:
    batch = waiting(dataset, READY)
    listener = redis.pubsub()
    await listener.subscribe(f"ws:{batch.user_id}")

    answers = [await start(gateway_app, batch.batch_id) for _ in range(2)]
    await happen()

    heard = [one async for one in messages(listener)]
    assert [status for status, _ in answers] == [202, 202]
    assert sum(b"batch_processing_started" in one for one in heard) == 1
    assert sum(b"pipeline_completed" in one for one in heard) == 1


async def test_a_pipeline_s_messages_come_in_the_platform_s_order_under_one_correlation_id(
    gateway_app: Quart, dataset: Dataset, redis: FakeAsyncRedis, happen: Happen
) -> None:
    batch = waiting(dataset, READY)
    listener = redis.pubsub()
    await listener.subscribe(f"ws:{batch.user_id}")

    _, answer = await start(gateway_app, batch.batch_id)
    await happen()

    heard = [json.loads(one) async for one in messages(listener)]
    assert [one["event"] for one in heard] == [
        "batch_processing_started",
        "batch_spellcheck_completed",
        "batch_phase_concluded",
        "batch_cj_assessment_completed",
        "batch_assessment_completed",
        "batch_phase_concluded",
        "batch_results_ready",
        "pipeline_completed",
    ]
    assert {one["data"]["correlation_id"] for one in heard} == {answer["correlation_id"]}


async def test_a_command_for_a_batch_that_waits_is_accepted_and_dropped(
    gateway_app: Quart, bos_app: Quart, dataset: Dataset, happen: Happen
) -> None:
    batch = waiting(dataset, AWAITING_STUDENTS)

    status, _ = await start(gateway_app, batch.batch_id)
    await happen()

    assert status == 202
    assert (await phases_of(bos_app, batch.batch_id))["spellcheck"] == "pending_dependencies"


async def messages(listener: Any) -> Any:
    while (one := await listener.get_message()) is not None:
        if one["type"] == "message":
            yield one["data"]


async def test_the_preflight_s_denial_goes_through(gateway_app: Quart, dataset: Dataset) -> None:
    poor = ready(dataset, 45)
    assert CREDITS[poor.user_id] == 45

    status, body = await start(gateway_app, poor.batch_id)

    assert (status, body["allowed"], body["denial_reason"]) == (402, False, "insufficient_credits")


async def test_what_the_platform_cannot_start_is_refused(
    gateway_app: Quart, dataset: Dataset
) -> None:
    done = with_phases(dataset, cj_assessment="completed_successfully").batch_id

    assert await start(gateway_app, NOWHERE) == (
        404,
        {"error": "Batch not found", "batch_id": NOWHERE},
    )
    status, body = await start(gateway_app, done)
    assert (status, body["error"]) == (503, "Preflight evaluation failed")
    status, body = await start(gateway_app, done, {"requested_pipeline": "nope"})
    assert (status, body["error"]["code"]) == (422, "VALIDATION_ERROR")
    status, _ = await post(gateway_app, f"/v1/batches/{done}/pipelines", CJ)
    assert status == 401


@pytest.mark.parametrize("switch", ["bos", "kafka"])
async def test_without_orchestrator_or_kafka_it_is_503_in_the_envelope(
    gateway_app: Quart, dataset: Dataset, switch: str
) -> None:
    await gateway_app.test_client().put(f"/_devstack/switches/{switch}/down")

    status, body = await start(gateway_app, ready(dataset, 1_250).batch_id)

    assert (status, body["error"]["code"]) == (503, "KAFKA_PUBLISH_ERROR")


async def test_a_refusal_of_the_preflight_comes_before_kafka_is_needed(
    gateway_app: Quart, dataset: Dataset
) -> None:
    await gateway_app.test_client().put("/_devstack/switches/kafka/down")

    poor, _ = await start(gateway_app, ready(dataset, 45).batch_id)
    unknown, _ = await start(gateway_app, NOWHERE)

    assert (poor, unknown) == (402, 404)


async def test_another_batch_in_the_body_than_in_the_path_is_refused(
    gateway_app: Quart, dataset: Dataset
) -> None:
    batch_id = ready(dataset, 1_250).batch_id

    same, _ = await start(gateway_app, batch_id, CJ | {"batch_id": batch_id})
    other, body = await start(gateway_app, batch_id, CJ | {"batch_id": NOWHERE})

    assert (same, other, body["error"]["code"]) == (202, 400, "VALIDATION_ERROR")


async def test_a_phase_that_runs_again_gives_results_and_no_end(
    bos_app: Quart, dataset: Dataset, database: Path, happen: Happen
) -> None:
    batch = with_phases(dataset, cj_assessment="failed")
    with closing(sqlite3.connect(database)) as connection, connection:
        change = "UPDATE essays SET cj_rank = NULL WHERE batch_id = ?"
        connection.execute(change, (batch.batch_id,))
    body = {"phase_name": "cj_assessment", "user_id": "anyone"}

    await post(bos_app, f"/v1/batches/{batch.batch_id}/retry-phase", body)
    await happen()

    assert (await phases_of(bos_app, batch.batch_id))["cj_assessment"] == "requested_by_user"
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT count(*) FROM essays WHERE batch_id = ? AND cj_rank IS NULL"
        assert connection.execute(query, (batch.batch_id,)).fetchone() == (0,)


async def test_a_pipeline_started_again_after_a_failed_phase_ends_with_a_failure(
    gateway_app: Quart, bos_app: Quart, dataset: Dataset, database: Path, happen: Happen
) -> None:
    batch = waiting(dataset, READY)
    with closing(sqlite3.connect(database)) as connection, connection:
        change = "UPDATE phases SET status = 'failed' WHERE batch_id = ? AND name = 'spellcheck'"
        connection.execute(change, (batch.batch_id,))

    status, _ = await start(gateway_app, batch.batch_id)
    await happen()

    assert status == 202
    phases = await phases_of(bos_app, batch.batch_id)
    assert (phases["spellcheck"], phases["cj_assessment"]) == ("failed", "completed_successfully")
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT status, completed_essay_count, failed_essay_count FROM batches WHERE batch_id = ?"
        row = connection.execute(query, (batch.batch_id,)).fetchone()
    assert row == ("completed_with_failures", batch.essay_count - 1, 1)
