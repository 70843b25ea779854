"""RAS's access and single-batch facts: client words, plain string errors, HTML pages."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from quart import Quart

from devstack.emulators import ras
from devstack.seed import TRUTH_TABLE, BatchStatus, Dataset, SeededBatch, Situation
from devstack.seed.dataset import LEGACY_BATCH_ID
from devstack.seed.people import ANNA
from devstack.seed.plan import BOS_ONLY_BATCH_ID

UNKNOWN = "00000000-0000-0000-0000-000000000001"
USER = "/internal/v1/batches/user"
CLIENT_WORDS = {
    "awaiting_content_validation": "pending_content",
    "awaiting_pipeline_configuration": "pending_content",
    "ready_for_pipeline_execution": "ready",
    "processing_pipelines": "processing",
    "awaiting_student_validation": "processing",
    "student_validation_completed": "processing",
    "validation_timeout_processed": "processing",
    "completed_successfully": "completed_successfully",
    "completed_with_failures": "completed_with_failures",
    "content_ingestion_failed": "failed",
    "failed_critically": "failed",
    "cancelled": "cancelled",
}
STATUSES = {
    Situation.ASSESSMENT_RUNNING: "completed_successfully",
    Situation.ASSESSMENT_RUNNING_WITH_FAILURES: "completed_with_failures",
    Situation.ASSESSMENT_STUCK: "completed_successfully",
    Situation.STARTED_AGAIN: "completed_successfully",
    Situation.DONE: "completed_successfully",
    Situation.PARTLY_FAILED: "completed_successfully",
    Situation.SECOND_PIPELINE: "completed_successfully",
    Situation.ENDED_WITH_FAILED_PHASE: "completed_with_failures",
    Situation.FIRST_PHASE_FAILED: "failed",
    Situation.LATER_PHASE_FAILED: "failed",
    Situation.RETRIED: "failed",
}
BATCH_KEYS = {
    "batch_id", "user_id", "assignment_id", "overall_status", "essay_count",
    "completed_essay_count", "failed_essay_count", "requested_pipeline", "current_phase",
    "essays", "created_at", "last_updated", "processing_started_at", "processing_completed_at",
    "student_prompt_ref",
}  # fmt: skip
ESSAY_KEYS = {
    "essay_id", "filename", "file_upload_id", "spellcheck_status", "spellcheck_correction_count",
    "spellcheck_corrected_text_storage_id", "spellcheck_error_detail", "cj_assessment_status",
    "cj_rank", "cj_score", "cj_assessment_error_detail", "last_updated",
}  # fmt: skip


def status_path(batch_id: str) -> str:
    return f"/internal/v1/batches/{batch_id}/status"


def batch_in(dataset: Dataset, situation: Situation) -> SeededBatch:
    return next(one for one in dataset.batches_of(ANNA.user_id) if one.situation is situation)


async def read(app: Quart, internal: dict[str, str], batch_id: str) -> dict[str, Any]:
    answer = await app.test_client().get(status_path(batch_id), headers=internal)
    body: dict[str, Any] = await answer.get_json()
    return body


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "Missing authentication"),
        ({"X-Internal-API-Key": "key"}, "Missing authentication"),
        ({"X-Service-ID": "bff-teacher-service"}, "Missing authentication"),
        (
            {"X-Internal-API-Key": "wrong", "X-Service-ID": "bff-teacher-service"},
            "Invalid credentials",
        ),
    ],
)
async def test_bad_credentials_are_401(
    ras_app: Quart, headers: dict[str, str], message: str
) -> None:
    answer = await ras_app.test_client().get(status_path(UNKNOWN), headers=headers)

    assert answer.status_code == 401
    assert await answer.get_json() == {"error": message}


async def test_a_service_outside_the_list_looks_like_a_wrong_key(
    ras_app: Quart, internal: dict[str, str]
) -> None:
    headers = {**internal, "X-Service-ID": "somebody-else"}

    answer = await ras_app.test_client().get(status_path(UNKNOWN), headers=headers)

    assert (answer.status_code, await answer.get_json()) == (401, {"error": "Invalid credentials"})


async def test_without_a_configured_key_everybody_is_refused(
    ras_settings: ras.RasEmulatorSettings, internal: dict[str, str]
) -> None:
    app = ras.create_app(replace(ras_settings, internal_api_key="", cache_enabled=False))

    answer = await app.test_client().get(status_path(UNKNOWN), headers=internal)

    assert answer.status_code == 401


@pytest.mark.parametrize("status", list(BatchStatus))
async def test_stored_status_is_sent_as_a_client_word(
    ras_app: Quart,
    internal: dict[str, str],
    dataset: Dataset,
    database: Path,
    status: BatchStatus,
) -> None:
    """Also the statuses that the platform never stores: an old row may have them."""
    batch_id = dataset.batches[0].batch_id
    with closing(sqlite3.connect(database)) as connection, connection:
        update = "UPDATE batches SET status = ? WHERE batch_id = ?"
        connection.execute(update, (str(status), batch_id))

    assert (await read(ras_app, internal, batch_id))["overall_status"] == CLIENT_WORDS[status]


@pytest.mark.parametrize("situation", [one for one in TRUTH_TABLE if one != "not_in_results"])
async def test_batch_has_its_facts_and_the_essays_with_results(
    ras_app: Quart, internal: dict[str, str], dataset: Dataset, situation: Situation
) -> None:
    batch_id = TRUTH_TABLE[situation].batch_id
    batch = next(one for one in dataset.batches if one.batch_id == batch_id)

    body = await read(ras_app, internal, batch_id)

    assert body["overall_status"] == STATUSES.get(situation, "pending_content")
    assert set(body) == BATCH_KEYS
    assert {essay["essay_id"] for essay in body["essays"]} == {
        essay.essay_id for essay in batch.visible_essays
    }
    assert all(set(essay) == ESSAY_KEYS for essay in body["essays"])


async def test_no_phase_is_ever_current(
    ras_app: Quart, internal: dict[str, str], dataset: Dataset
) -> None:
    bodies = [await read(ras_app, internal, batch.batch_id) for batch in dataset.batches]

    assert {body["current_phase"] for body in bodies} == {None}


async def test_times_are_naive(ras_app: Quart, internal: dict[str, str], dataset: Dataset) -> None:
    batch = batch_in(dataset, Situation.DONE)

    body = await read(ras_app, internal, batch.batch_id)

    assert body["created_at"] == batch.created_at.isoformat()
    assert body["processing_completed_at"] == str(
        batch.processing_completed_at and batch.processing_completed_at.isoformat()
    )


async def test_failed_essay_carries_its_stack_trace(
    ras_app: Quart, internal: dict[str, str], dataset: Dataset
) -> None:
    batch = batch_in(dataset, Situation.PARTLY_FAILED)

    answer = await ras_app.test_client().get(status_path(batch.batch_id), headers=internal)

    details = [one["spellcheck_error_detail"] for one in (await answer.get_json())["essays"]]
    failure = next(one for one in details if one)
    assert failure["stack_trace"].startswith("Traceback")
    assert failure["timestamp"].endswith("Z")
    assert failure["error_code"] == "SPELLCHECK_SERVICE_ERROR"


@pytest.mark.parametrize(
    ("batch_id", "status", "body"),
    [
        (UNKNOWN, 404, {"error": "Batch not found"}),
        ("not-a-uuid", 404, {"error": "Batch not found"}),
        (BOS_ONLY_BATCH_ID, 400, {"error": "Invalid batch ID"}),
    ],
)
async def test_a_batch_that_ras_lacks(
    ras_app: Quart, internal: dict[str, str], batch_id: str, status: int, body: dict[str, str]
) -> None:
    answer = await ras_app.test_client().get(status_path(batch_id), headers=internal)

    assert (answer.status_code, await answer.get_json()) == (status, body)


async def test_a_batch_that_ras_lacks_is_500_while_bos_is_down(
    ras_app: Quart, internal: dict[str, str]
) -> None:
    client = ras_app.test_client()
    await client.put("/_devstack/switches/bos/down")

    answer = await client.get(status_path(UNKNOWN), headers=internal)

    assert (answer.status_code, await answer.get_json()) == (
        500,
        {"error": "Internal server error"},
    )


async def test_an_id_need_not_be_a_uuid(ras_app: Quart, internal: dict[str, str]) -> None:
    answer = await ras_app.test_client().get(status_path(LEGACY_BATCH_ID), headers=internal)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/internal/v1/nope", 404),
        ("GET", f"{status_path(UNKNOWN)}/", 404),
        ("GET", f"{USER}/a%2Fb", 404),
        ("POST", status_path(UNKNOWN), 405),
    ],
)
async def test_routing_failures_are_html(
    ras_app: Quart, internal: dict[str, str], method: str, path: str, status: int
) -> None:
    answer = await ras_app.test_client().open(path, method=method, headers=internal)  # type: ignore[call-arg]  # its protocol lacks a default

    assert answer.status_code == status
    assert answer.content_type == "text/html; charset=utf-8"


async def test_without_a_database_it_answers_500_and_says_so(
    ras_settings: ras.RasEmulatorSettings, internal: dict[str, str], tmp_path: Path
) -> None:
    lost = replace(ras_settings, database=tmp_path / "gone.sqlite3", cache_enabled=False)
    client = ras.create_app(lost).test_client()

    answer = await client.get(status_path(UNKNOWN), headers=internal)
    health = await client.get("/healthz")

    assert (answer.status_code, await answer.get_json()) == (
        500,
        {"error": "Internal server error"},
    )
    assert health.status_code == 503
    assert (await health.get_json())["dependencies"]["database"] == {"status": "unhealthy"}


async def test_essay_route_is_html_404_unless_switched_on(
    ras_app: Quart, internal: dict[str, str], dataset: Dataset
) -> None:
    batch = batch_in(dataset, Situation.DONE)
    path = f"/internal/v1/batches/{batch.batch_id}/essays/{batch.essays[0].essay_id}"

    answer = await ras_app.test_client().get(path, headers=internal)

    assert (answer.status_code, answer.mimetype) == (404, "text/html")


async def test_essay_route_gives_one_essay_with_its_batch_and_owner(
    ras_settings: ras.RasEmulatorSettings, internal: dict[str, str], dataset: Dataset
) -> None:
    app = ras.create_app(replace(ras_settings, essay_endpoint=True, cache_enabled=False))
    batch = batch_in(dataset, Situation.DONE)
    path = f"/internal/v1/batches/{batch.batch_id}/essays"

    found = await app.test_client().get(f"{path}/{batch.essays[0].essay_id}", headers=internal)
    missing = await app.test_client().get(f"{path}/{UNKNOWN}", headers=internal)

    body = await found.get_json()
    assert set(body) == ESSAY_KEYS | {"batch_id", "user_id"}
    assert (body["batch_id"], body["user_id"]) == (batch.batch_id, ANNA.user_id)
    assert (missing.status_code, await missing.get_json()) == (404, {"error": "Essay not found"})


async def test_health_and_metrics_have_the_platforms_shape(ras_app: Quart) -> None:
    client = ras_app.test_client()

    health = await (await client.get("/healthz")).get_json()
    metrics = await (await client.get("/metrics")).get_data(as_text=True)

    assert set(health) == {
        "service", "status", "message", "version", "checks", "dependencies", "environment",
    }  # fmt: skip
    assert set(health["dependencies"]) == {"database", "redis", "kafka"}
    assert 'ras_http_requests_total{endpoint="/healthz"' in metrics
