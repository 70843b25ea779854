"""RAS's access and single-batch facts: client words, plain string errors, HTML pages."""

from dataclasses import replace
from pathlib import Path

import pytest
from quart import Quart

from devstack.emulators import ras
from devstack.seed import BatchStatus, Dataset, SeededBatch
from devstack.seed.dataset import BOS_ONLY_BATCH_ID, LEGACY_BATCH_ID
from devstack.seed.people import ANNA

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


def batch_in(dataset: Dataset, status: BatchStatus, user_id: str = ANNA.user_id) -> SeededBatch:
    return next(one for one in dataset.batches_of(user_id) if one.status is status)


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
async def test_single_batch_answers_in_client_words(
    ras_app: Quart, internal: dict[str, str], dataset: Dataset, status: BatchStatus
) -> None:
    batch = batch_in(dataset, status)

    answer = await ras_app.test_client().get(status_path(batch.batch_id), headers=internal)

    body = await answer.get_json()
    assert body["overall_status"] == CLIENT_WORDS[status]
    assert set(body) == BATCH_KEYS
    assert {essay["essay_id"] for essay in body["essays"]} == {
        essay.essay_id for essay in batch.visible_essays
    }
    assert all(set(essay) == ESSAY_KEYS for essay in body["essays"])


@pytest.mark.parametrize("status", list(BatchStatus))
async def test_current_phase_is_the_first_one_that_an_essay_lacks_while_pipelines_run(
    ras_app: Quart, internal: dict[str, str], dataset: Dataset, status: BatchStatus
) -> None:
    phases = {}
    for batch in dataset.batches:
        if batch.status is status:
            path = status_path(batch.batch_id)
            body = await (await ras_app.test_client().get(path, headers=internal)).get_json()
            unchecked = any(one["spellcheck_status"] is None for one in body["essays"])
            phases[body["current_phase"]] = unchecked

    if status is BatchStatus.PROCESSING_PIPELINES:
        assert phases == {"spellcheck": True, "cj_assessment": False}
    else:
        assert set(phases) == {None}


async def test_times_are_naive(ras_app: Quart, internal: dict[str, str], dataset: Dataset) -> None:
    batch = batch_in(dataset, BatchStatus.COMPLETED_WITH_FAILURES)

    answer = await ras_app.test_client().get(status_path(batch.batch_id), headers=internal)

    body = await answer.get_json()
    assert body["created_at"] == batch.created_at.isoformat()
    assert body["processing_completed_at"] == str(
        batch.processing_completed_at and batch.processing_completed_at.isoformat()
    )


async def test_failed_essay_carries_its_stack_trace(
    ras_app: Quart, internal: dict[str, str], dataset: Dataset
) -> None:
    batch = batch_in(dataset, BatchStatus.COMPLETED_WITH_FAILURES)

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
    answer = await ras_app.test_client().open(path, method=method, headers=internal)

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
    batch = batch_in(dataset, BatchStatus.COMPLETED_SUCCESSFULLY)
    path = f"/internal/v1/batches/{batch.batch_id}/essays/{batch.essays[0].essay_id}"

    answer = await ras_app.test_client().get(path, headers=internal)

    assert (answer.status_code, answer.mimetype) == (404, "text/html")


async def test_essay_route_gives_one_essay_with_its_batch_and_owner(
    ras_settings: ras.RasEmulatorSettings, internal: dict[str, str], dataset: Dataset
) -> None:
    app = ras.create_app(replace(ras_settings, essay_endpoint=True, cache_enabled=False))
    batch = batch_in(dataset, BatchStatus.COMPLETED_SUCCESSFULLY)
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
