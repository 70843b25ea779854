"""The orchestrator's answers: phases as it keeps them, the preflight, and a retry."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from quart import Quart

from devstack.emulators import bos
from devstack.emulators.server import EmulatorSettings
from devstack.seed import Dataset, SeededBatch
from devstack.seed.people import CREDITS

NOWHERE = "00000000-0000-0000-0000-000000000001"
SKIPPED = {
    "status": "skipped_by_user_config",
    "essay_counts": {
        "total": 0,
        "successful": 0,
        "failed": 0,
        "pending_dispatch_or_processing": 0,
    },
    "started_at": None,
    "completed_at": None,
    "error_info": None,
    "progress_percentage": None,
}


@pytest.fixture
def app(settings: EmulatorSettings) -> Quart:
    return bos.create_app(settings)


async def read(app: Quart, batch_id: str) -> tuple[int, Any]:
    path = f"/internal/v1/batches/{batch_id}/pipeline-state"
    answer = await app.test_client().get(path)
    return answer.status_code, await answer.get_json()


async def post(app: Quart, path: str, body: Any = None) -> tuple[int, Any]:
    answer = await app.test_client().post(path, json=body)
    return answer.status_code, await answer.get_json()


def with_phases(dataset: Dataset, **statuses: str) -> SeededBatch:
    """A batch whose phases have these statuses and which has a prompt."""
    return next(
        one
        for one in dataset.batches
        if one.prompt_storage_id
        and statuses.items() <= {p.name: p.status for p in one.phases}.items()
    )


async def test_registered_batch_has_four_phases_of_which_spellcheck_waits(
    app: Quart, dataset: Dataset
) -> None:
    (new,) = dataset.bos_only

    status, body = await read(app, new.batch_id)

    assert (status, body) == (
        200,
        {
            "batch_id": new.batch_id,
            "user_id": new.user_id,
            "pipeline_state": {
                "batch_id": new.batch_id,
                "requested_pipelines": ["spellcheck"],
                "spellcheck": SKIPPED | {"status": "pending_dependencies"},
                "nlp": SKIPPED,
                "ai_feedback": SKIPPED,
                "cj_assessment": SKIPPED,
                "last_updated": f"{new.created_at.isoformat()}Z",
            },
        },
    )


async def test_first_phase_at_work_has_an_end_and_no_start(app: Quart, dataset: Dataset) -> None:
    batch = with_phases(dataset, spellcheck="dispatch_initiated")

    state = (await read(app, batch.batch_id))[1]["pipeline_state"]

    assert state["requested_pipelines"] == ["spellcheck", "cj_assessment"]
    assert state["spellcheck"]["started_at"] is None
    assert state["spellcheck"]["completed_at"].endswith("Z")
    assert state["cj_assessment"] == SKIPPED | {"status": "pending_dependencies"}


async def test_second_phase_starts_when_the_first_is_stored(app: Quart, dataset: Dataset) -> None:
    batch = with_phases(dataset, cj_assessment="dispatch_initiated")

    state = (await read(app, batch.batch_id))[1]["pipeline_state"]

    assert state["spellcheck"]["status"] == "completed_successfully"
    assert state["cj_assessment"]["started_at"].endswith("Z")
    assert state["cj_assessment"]["completed_at"] is None


async def test_status_has_the_context_of_the_registration(app: Quart, dataset: Dataset) -> None:
    batch = dataset.batches[0]

    answer = await app.test_client().get(f"/v1/batches/{batch.batch_id}/status")
    state = (await read(app, batch.batch_id))[1]["pipeline_state"]

    assert await answer.get_json() == {
        "batch_id": batch.batch_id,
        "batch_context": {
            "course_code": batch.course_code,
            "expected_essay_count": batch.essay_count,
            "user_id": batch.user_id,
        },
        "pipeline_state": state,
    }


@pytest.mark.parametrize("batch_id", [NOWHERE, "no-uuid"])
async def test_unknown_batch_is_404_whatever_its_id(app: Quart, batch_id: str) -> None:
    of_status = await app.test_client().get(f"/v1/batches/{batch_id}/status")

    assert await read(app, batch_id) == (404, {"error": "Pipeline state not found for batch"})
    assert (of_status.status_code, await of_status.get_json()) == (
        404,
        {"error": "Batch not found"},
    )


async def test_database_lost_is_500(database: Path) -> None:
    app = bos.create_app(EmulatorSettings(database=database.with_name("lost")))

    of_status = await app.test_client().get(f"/v1/batches/{NOWHERE}/status")

    assert await read(app, NOWHERE) == (500, {"error": "Failed to get internal pipeline state"})
    assert await of_status.get_json() == {"error": "Failed to get batch status"}
    assert (await app.test_client().get("/healthz")).status_code == 503


async def test_health_is_the_platform_s(app: Quart) -> None:
    body = await (await app.test_client().get("/healthz")).get_json()

    assert (body["service"], body["status"]) == ("batch-service", "healthy")
    assert body["dependencies"] == {"database": {"status": "healthy"}}


def preflight(batch_id: str, phase: str) -> str:
    return f"/internal/v1/batches/{batch_id}/pipelines/{phase}/preflight"


def ready(dataset: Dataset, balance: int) -> SeededBatch:
    """A batch that nobody has started, of a teacher with so many credits."""
    return next(
        one
        for one in dataset.batches
        if one.prompt_storage_id
        and one.phases[0].status == "pending_dependencies"
        and CREDITS[one.user_id] == balance
    )


async def test_preflight_counts_calls_and_reserves_nothing(app: Quart, dataset: Dataset) -> None:
    batch = ready(dataset, 1_250)
    calls = batch.essay_count * (batch.essay_count - 1) // 2

    status, body = await post(app, preflight(batch.batch_id, "cj_assessment"))

    assert status == 200
    assert body.pop("correlation_id")
    assert body == {
        "allowed": True,
        "batch_id": batch.batch_id,
        "requested_pipeline": "cj_assessment",
        "resolved_pipeline": ["spellcheck", "cj_assessment"],
        "required_credits": calls,
        "available_credits": 1_250,
        "resource_breakdown": {"cj_comparison": calls, "ai_feedback_generation": 0},
    }


async def test_too_few_credits_are_402_with_the_same_keys(app: Quart, dataset: Dataset) -> None:
    batch = ready(dataset, 45)

    status, body = await post(app, preflight(batch.batch_id, "cj_assessment"))

    assert (status, body["allowed"], body["denial_reason"]) == (402, False, "insufficient_credits")
    assert body["available_credits"] == 45


async def test_feedback_is_denied_although_its_calls_are_fewer_than_the_credits(
    app: Quart, dataset: Dataset
) -> None:
    batch = ready(dataset, 45)

    status, body = await post(app, preflight(batch.batch_id, "ai_feedback"))

    assert status == 402
    assert body["required_credits"] <= body["available_credits"]


async def test_free_pipeline_asks_for_no_credits_and_shows_none(
    app: Quart, dataset: Dataset
) -> None:
    await app.test_client().put("/_devstack/switches/entitlements/down")

    status, body = await post(app, preflight(ready(dataset, 1_250).batch_id, "nlp"))

    assert (status, body["allowed"], body["resolved_pipeline"]) == (
        200,
        True,
        ["spellcheck", "nlp"],
    )
    assert (body["required_credits"], body["available_credits"]) == (0, 0)
    assert body["resource_breakdown"] == {}


async def test_refusals_of_the_preflight(app: Quart, dataset: Dataset) -> None:
    done = with_phases(dataset, cj_assessment="completed_successfully").batch_id
    bare = next(one for one in dataset.batches if not one.prompt_storage_id).batch_id
    paths = [
        preflight(NOWHERE, "cj_assessment"),
        preflight(done, "grading"),
        preflight(done, "cj_assessment"),
        preflight(bare, "cj_assessment"),
        preflight(done, "spellcheck"),
    ]

    answers = [await post(app, path) for path in paths]

    assert answers[0] == (404, {"error": "Batch not found", "batch_id": NOWHERE})
    assert answers[1] == (400, {"error": "Invalid pipeline phase: grading"})
    assert {(status, body["error"]) for status, body in answers[2:]} == {
        (500, "Preflight evaluation failed")
    }


async def test_retried_phase_stays_requested(app: Quart, dataset: Dataset) -> None:
    batch = with_phases(dataset, cj_assessment="failed")
    path = f"/v1/batches/{batch.batch_id}/retry-phase"

    answered = await post(app, path, {"phase_name": "cj_assessment", "user_id": "anyone"})
    state = (await read(app, batch.batch_id))[1]["pipeline_state"]

    assert answered == (
        200,
        {
            "status": "retry_initiated",
            "batch_id": batch.batch_id,
            "phase": "cj_assessment",
            "message": "Retry initiated for cj_assessment phase",
        },
    )
    assert state["cj_assessment"]["status"] == "requested_by_user"
    assert state["cj_assessment"]["completed_at"] is not None


async def test_refusals_of_the_retry(app: Quart, dataset: Dataset) -> None:
    (new,) = dataset.bos_only
    path = f"/v1/batches/{new.batch_id}/retry-phase"
    someone = {"user_id": "anyone"}

    assert await post(app, path, {"phase_name": "nlp"}) == (
        400,
        {"error": "phase_name and user_id are required"},
    )
    assert await post(app, path, someone | {"phase_name": "x"}) == (
        400,
        {"error": "Invalid phase name: x"},
    )
    assert await post(app, path, someone | {"phase_name": "nlp"}) == (
        404,
        {"error": "No essays found for batch"},
    )
    assert (await post(app, path.replace(new.batch_id, NOWHERE), someone | {"phase_name": "nlp"}))[
        0
    ] == 404
    assert (await app.test_client().post(path)).status_code == 500


async def test_hand_made_state_may_lack_phases(
    app: Quart, dataset: Dataset, database: Path
) -> None:
    batch_id = dataset.batches[0].batch_id
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM phases WHERE name = 'nlp'")

    assert (await read(app, batch_id))[1]["pipeline_state"]["nlp"] is None
