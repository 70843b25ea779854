"""CMS's internal routes: any service id, lenient ids, and class-info as shipped."""

from uuid import UUID

import pytest
from quart import Quart

from devstack.emulators import cms
from devstack.emulators.server import EmulatorSettings
from devstack.seed import BatchStatus, Dataset, SeededBatch
from devstack.seed.people import ANNA

UNKNOWN = "00000000-0000-0000-0000-000000000001"
DETAIL_KEYS = {
    "error_code", "message", "correlation_id", "timestamp", "service", "operation", "details",
    "stack_trace", "trace_id", "span_id",
}  # fmt: skip


def in_review(dataset: Dataset) -> SeededBatch:
    return next(
        batch
        for batch in dataset.batches_of(ANNA.user_id)
        if batch.status is BatchStatus.AWAITING_STUDENT_VALIDATION
    )


async def test_class_info_knows_only_batches_with_matches(
    cms_app: Quart, internal: dict[str, str], dataset: Dataset
) -> None:
    batches = dataset.batches_of(ANNA.user_id)
    names = {one.class_id: one.name for one in dataset.classes}
    ids = ",".join(batch.batch_id for batch in batches)

    path = f"/internal/v1/batches/class-info?batch_ids={ids}"
    answer = await cms_app.test_client().get(path, headers=internal)

    matched = {row.batch_id: row.class_id for row in dataset.associations}
    assert await answer.get_json() == {
        batch.batch_id: {
            "class_id": matched[batch.batch_id],
            "class_name": names[matched[batch.batch_id]],
        }
        if batch.batch_id in matched
        else None
        for batch in batches
    }


@pytest.mark.parametrize(
    ("query", "status", "body"),
    [
        ("", 200, {}),
        ("?batch_ids=,%20,", 200, {}),
        (f"?batch_ids={UNKNOWN},nope", 400, {"error": "Invalid UUID format"}),
        (f"?batch_ids={UNKNOWN},%20{UNKNOWN}%20,", 200, {UNKNOWN: None}),
        (
            "?batch_ids=ABCDEF00000000000000000000000001",
            200,
            {"abcdef00-0000-0000-0000-000000000001": None},
        ),
    ],
)
async def test_class_info_reads_ids_leniently(
    cms_app: Quart, internal: dict[str, str], query: str, status: int, body: dict[str, object]
) -> None:
    path = f"/internal/v1/batches/class-info{query}"

    answer = await cms_app.test_client().get(path, headers=internal)

    assert (answer.status_code, await answer.get_json()) == (status, body)


async def test_class_info_by_default_is_an_html_500_as_shipped(
    settings: EmulatorSettings, internal: dict[str, str]
) -> None:
    shipped = EmulatorSettings(
        database=settings.database, internal_api_key=settings.internal_api_key
    )
    client = cms.create_app(shipped).test_client()

    answer = await client.get("/internal/v1/batches/class-info?batch_ids=nope", headers=internal)
    refused = await client.get("/internal/v1/batches/class-info")

    assert (answer.status_code, answer.mimetype) == (500, "text/html")
    assert refused.status_code == 401


async def test_internal_routes_let_any_service_id_in(
    cms_app: Quart, internal: dict[str, str]
) -> None:
    headers = {**internal, "X-Service-ID": "whoever"}
    path = f"/internal/v1/batches/{UNKNOWN}/student-names"

    known = await cms_app.test_client().get(path, headers=headers)
    wrong = await cms_app.test_client().get(path, headers={**headers, "X-Internal-API-Key": "x"})

    assert (known.status_code, await known.get_json()) == (200, [])
    assert (wrong.status_code, await wrong.get_json()) == (401, {"error": "Invalid credentials"})


async def test_student_names_give_suggestions_as_facts(
    cms_app: Quart, internal: dict[str, str], dataset: Dataset
) -> None:
    batch = in_review(dataset)
    students = {one.student_id: one for one in dataset.students}
    path = f"/internal/v1/batches/{batch.batch_id}/student-names"

    answer = await cms_app.test_client().get(path, headers=internal)

    rows = await answer.get_json()
    assert len(rows) == len(dataset.associations_of(batch.batch_id))
    for row in rows:
        student = students[row["student_id"]]
        assert row["student_person_name"] == {
            "first_name": student.first_name,
            "last_name": student.last_name,
            "legal_full_name": student.legal_full_name,
        }


async def test_one_essays_pupil(cms_app: Quart, internal: dict[str, str], dataset: Dataset) -> None:
    row = dataset.associations_of(in_review(dataset).batch_id)[0]
    path = "/internal/v1/associations/essay"

    found = await cms_app.test_client().get(f"{path}/{row.essay_id}", headers=internal)
    missing = await cms_app.test_client().get(f"{path}/{UNKNOWN}", headers=internal)

    assert set(await found.get_json()) == {"essay_id", "student_id", "student_person_name"}
    assert (await found.get_json())["student_id"] == row.student_id
    expected = {"error": "Essay student association not found"}
    assert (missing.status_code, await missing.get_json()) == (404, expected)


@pytest.mark.parametrize(
    ("path", "field"),
    [("batches/nope/student-names", "batch_id"), ("associations/essay/nope", "essay_id")],
)
async def test_bad_internal_ids_are_detailed_and_keep_the_correlation_id(
    cms_app: Quart, internal: dict[str, str], path: str, field: str
) -> None:
    sent = str(UUID(int=7))
    headers = {**internal, "X-Correlation-ID": sent}

    answer = await cms_app.test_client().get(f"/internal/v1/{path}", headers=headers)

    error = (await answer.get_json())["error"]
    assert answer.status_code == 400
    assert set(error) == DETAIL_KEYS
    assert error["details"] == {"field": field}
    assert error["correlation_id"] == sent
