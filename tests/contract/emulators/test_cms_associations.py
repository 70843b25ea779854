"""CMS's review of matches: constants, and a confirmation that changes nothing."""

import pytest
from quart import Quart

from devstack.seed import Dataset, SeededBatch, Situation
from devstack.seed.people import ANNA, ERIK

UNKNOWN = "00000000-0000-0000-0000-000000000001"
AS_ANNA = {"X-User-ID": ANNA.user_id}
AS_ERIK = {"X-User-ID": ERIK.user_id}
ERROR_500 = (500, {"error": "Internal server error"})


def in_review(dataset: Dataset) -> SeededBatch:
    return next(
        batch
        for batch in dataset.batches_of(ANNA.user_id)
        if batch.situation is Situation.AWAITING_CONFIRMATION
    )


def confirm_path(batch_id: str) -> str:
    return f"/v1/batches/{batch_id}/student-associations/confirm"


async def test_suggestions_carry_constants_and_no_status(cms_app: Quart, dataset: Dataset) -> None:
    batch = in_review(dataset)
    path = f"/v1/batches/{batch.batch_id}/student-associations"

    answer = await cms_app.test_client().get(path, headers=AS_ERIK)

    rows = (await answer.get_json())["associations"]
    expected = dataset.associations_of(batch.batch_id)
    assert {(one["essay_id"], one["suggested_student_id"]) for one in rows} == {
        (one.essay_id, one.student_id) for one in expected
    }
    assert {one["confidence_score"] for one in rows} == {0.95}
    assert {tuple(one["match_reasons"]) for one in rows} == {("Name extracted from essay header",)}
    assert {one["created_at"] for one in rows} == {expected[0].created_at.isoformat()}


async def test_unknown_batch_has_an_empty_list(cms_app: Quart) -> None:
    path = f"/v1/batches/{UNKNOWN}/student-associations"

    answer = await cms_app.test_client().get(path, headers=AS_ANNA)

    assert (answer.status_code, await answer.get_json()) == (200, {"associations": []})


async def test_confirmation_stores_nothing_and_is_not_idempotent(
    cms_app: Quart, dataset: Dataset
) -> None:
    client = cms_app.test_client()
    batch = in_review(dataset)
    rows = dataset.associations_of(batch.batch_id)
    path = f"/v1/batches/{batch.batch_id}/student-associations"
    before = await (await client.get(path, headers=AS_ANNA)).get_json()
    items = [
        {"essay_id": rows[0].essay_id, "student_id": rows[1].student_id, "confirmed": True},
        {"essay_id": rows[1].essay_id, "confirmed": False},
        {"essay_id": "anything", "student_id": None, "confirmed": "no"},
    ]
    body = {"user_id": ANNA.user_id, "associations": items}

    answers = [await client.post(f"{path}/confirm", json=body, headers=AS_ERIK) for _ in range(2)]

    counts = {"status": "confirmed", "associations_confirmed": 2, "associations_rejected": 1}
    assert [await one.get_json() for one in answers] == [counts, counts]
    assert await (await client.get(path, headers=AS_ANNA)).get_json() == before
    events = (await (await client.get("/_devstack/outbox")).get_json())["events"]
    assert [event["payload"]["validated_by"] for event in events] == [ANNA.user_id] * 2
    assert [len(event["payload"]["associations"]) for event in events] == [2, 2]


@pytest.mark.parametrize("body", [b"{}", b'{"associations":[]}'])
async def test_an_empty_confirmation_releases_the_batch(
    cms_app: Quart, dataset: Dataset, body: bytes
) -> None:
    client = cms_app.test_client()
    headers = {**AS_ANNA, "Content-Type": "application/json"}

    answer = await client.post(
        confirm_path(in_review(dataset).batch_id), data=body, headers=headers
    )

    assert (await answer.get_json())["associations_confirmed"] == 0
    events = (await (await client.get("/_devstack/outbox")).get_json())["events"]
    assert events[0]["payload"]["validated_by"] == "unknown"


@pytest.mark.parametrize(
    "body",
    [
        b"{nope",
        b"",
        b"[]",
        b'{"associations": null}',
        b'{"associations": [{"essay_id": "x", "confirmed": true}]}',
        b'{"associations": [{"student_id": "x", "confirmed": true}]}',
    ],
)
async def test_broken_confirmations_are_500(cms_app: Quart, dataset: Dataset, body: bytes) -> None:
    headers = {**AS_ANNA, "Content-Type": "application/json"}
    path = confirm_path(in_review(dataset).batch_id)

    answer = await cms_app.test_client().post(path, data=body, headers=headers)

    assert (answer.status_code, await answer.get_json()) == ERROR_500


async def test_confirmation_with_another_content_type_is_500(
    cms_app: Quart, dataset: Dataset
) -> None:
    headers = {**AS_ANNA, "Content-Type": "text/plain"}
    path = confirm_path(in_review(dataset).batch_id)

    answer = await cms_app.test_client().post(path, data=b"{}", headers=headers)

    assert (answer.status_code, await answer.get_json()) == ERROR_500


@pytest.mark.parametrize(
    ("batch_id", "message"),
    [
        ("nope", "badly formed hexadecimal UUID string"),
        (UNKNOWN, f"No associations found for batch {UNKNOWN}"),
    ],
)
async def test_confirmation_of_no_such_batch_is_400(
    cms_app: Quart, batch_id: str, message: str
) -> None:
    client = cms_app.test_client()

    answer = await client.post(confirm_path(batch_id), json={}, headers=AS_ANNA)

    assert (answer.status_code, await answer.get_json()) == (400, {"error": message})
    assert await (await client.get("/_devstack/outbox")).get_json() == {"events": []}


async def test_confirmation_of_an_essay_id_that_is_no_text_is_a_detailed_400(
    cms_app: Quart, dataset: Dataset
) -> None:
    body = {"associations": [{"essay_id": 7, "student_id": "x", "confirmed": True}]}
    path = confirm_path(in_review(dataset).batch_id)

    answer = await cms_app.test_client().post(path, json=body, headers=AS_ANNA)

    assert answer.status_code == 400
    assert (await answer.get_json())["error"]["error_code"] == "EXTERNAL_SERVICE_ERROR"
