"""CMS's internal routes: any service id, lenient ids, and class-info as shipped."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from quart import Quart

from devstack.emulators import cms
from devstack.emulators.server import EmulatorSettings
from devstack.seed import Dataset, SeededBatch, Situation
from devstack.seed.people import ANNA
from devstack.seed.store import sql_value

REVIEW = "/internal/v1/batches/validation-status"
MANY = [str(uuid4()) for _ in range(201)]
UNKNOWN = "00000000-0000-0000-0000-000000000001"
DETAIL_KEYS = {
    "error_code", "message", "correlation_id", "timestamp", "service", "operation", "details",
    "stack_trace", "trace_id", "span_id",
}  # fmt: skip


@pytest.fixture
def reviewing_cms(settings: EmulatorSettings) -> Quart:
    return cms.create_app(replace(settings, validation_status=True))


def in_review(dataset: Dataset) -> SeededBatch:
    return next(
        batch
        for batch in dataset.batches_of(ANNA.user_id)
        if batch.situation is Situation.AWAITING_CONFIRMATION
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


async def test_review_states_have_no_route_before_the_module_is_mounted(
    cms_app: Quart, internal: dict[str, str]
) -> None:
    answer = await cms_app.test_client().get(REVIEW, headers=internal)

    assert (answer.status_code, answer.mimetype) == (404, "text/html")


async def test_review_states_count_pending_matches_and_name_their_deadline(
    reviewing_cms: Quart, internal: dict[str, str], dataset: Dataset
) -> None:
    batch_id = in_review(dataset).batch_id
    rows = dataset.associations_of(batch_id)
    path = f"{REVIEW}?batch_ids={batch_id.upper()},{UNKNOWN}"

    answer = await reviewing_cms.test_client().get(path, headers=internal)

    first = min(datetime.fromisoformat(str(sql_value(row.created_at))) for row in rows)
    assert await answer.get_json() == {
        batch_id: {
            "batch_id": batch_id,
            "deviation_count": len(rows),
            "auto_confirm_deadline": (first + timedelta(hours=24)).isoformat(),
            "total_associations": len(rows),
            "confirmed_associations": 0,
        },
        UNKNOWN: None,
    }


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 200), ("?batch_ids=nope", 400), (f"?batch_ids={','.join(MANY)}", 400)],
)
async def test_review_states_bound_their_ids(
    reviewing_cms: Quart, internal: dict[str, str], query: str, status: int
) -> None:
    answer = await reviewing_cms.test_client().get(f"{REVIEW}{query}", headers=internal)

    assert answer.status_code == status


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
