"""RAS's user list: filtered by internal words, unbounded, and once not JSON."""

import json

import pytest
from quart import Quart

from devstack.seed import Dataset, SeededBatch
from devstack.seed.people import ADMIN, ANNA, ERIK

USER = "/internal/v1/batches/user"


def status_path(batch_id: str) -> str:
    return f"/internal/v1/batches/{batch_id}/status"


def nan_batch(dataset: Dataset) -> SeededBatch:
    return next(
        batch
        for batch in dataset.batches_of(ERIK.user_id)
        if any(essay.cj_score != essay.cj_score for essay in batch.essays)
    )


async def test_user_list_is_newest_first_with_whole_essays(
    ras_app: Quart, internal: dict[str, str], dataset: Dataset
) -> None:
    answer = await ras_app.test_client().get(
        f"{USER}/{ANNA.user_id}?limit=100000", headers=internal
    )

    body = await answer.get_json()
    expected = dataset.batches_of(ANNA.user_id)
    assert [one["created_at"] for one in body["batches"]] == [
        one.created_at.isoformat() for one in expected
    ]
    assert sum(len(one["essays"]) for one in body["batches"]) == sum(
        len(one.visible_essays) for one in expected
    )
    assert body["pagination"] == {"limit": 100000, "offset": 0, "total": 18}


@pytest.mark.parametrize(
    ("query", "pagination", "returned"),
    [
        ("", {"limit": 20, "offset": 0, "total": 18}, 18),
        ("?limit=abc&offset=x", {"limit": 20, "offset": 0, "total": 18}, 18),
        ("?limit=0", {"limit": 0, "offset": 0, "total": 18}, 0),
        ("?limit=5&offset=15", {"limit": 5, "offset": 15, "total": 18}, 3),
        ("?offset=500", {"limit": 20, "offset": 500, "total": 18}, 0),
        ("?status=", {"limit": 20, "offset": 0, "total": 18}, 18),
        ("?status=failed_critically", {"limit": 20, "offset": 0, "total": 2}, 2),
        ("?status=awaiting_student_validation", {"limit": 20, "offset": 0, "total": 0}, 0),
        ("?limit=2&limit=9", {"limit": 2, "offset": 0, "total": 18}, 2),
    ],
)
async def test_user_list_pages(
    ras_app: Quart,
    internal: dict[str, str],
    query: str,
    pagination: dict[str, int],
    returned: int,
) -> None:
    answer = await ras_app.test_client().get(f"{USER}/{ANNA.user_id}{query}", headers=internal)

    body = await answer.get_json()
    assert body["pagination"] == pagination
    assert len(body["batches"]) == returned


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "offset=-1",
        "limit=2147483648",
        "limit=9223372036854775808",
        "offset=2147483648",
        "status=bogus",
        "status=processing",
        "status=FAILED_CRITICALLY",
    ],
)
async def test_user_list_answers_500_to_bad_queries(
    ras_app: Quart, internal: dict[str, str], query: str
) -> None:
    answer = await ras_app.test_client().get(f"{USER}/{ANNA.user_id}?{query}", headers=internal)

    assert (answer.status_code, await answer.get_json()) == (
        500,
        {"error": "Internal server error"},
    )


@pytest.mark.parametrize("path", [f"{USER}/%00", status_path("%00")])
async def test_nul_in_an_id_is_500_as_postgresql_refuses_it(
    ras_app: Quart, internal: dict[str, str], path: str
) -> None:
    answer = await ras_app.test_client().get(path, headers=internal)

    body = {"error": "Internal server error"}
    assert (answer.status_code, await answer.get_json()) == (500, body)


@pytest.mark.parametrize("user_id", [ADMIN.user_id, "nobody-at-all"])
async def test_user_without_batches_gets_an_empty_list(
    ras_app: Quart, internal: dict[str, str], user_id: str
) -> None:
    answer = await ras_app.test_client().get(f"{USER}/{user_id}", headers=internal)

    body = {"batches": [], "pagination": {"limit": 20, "offset": 0, "total": 0}}
    assert await answer.get_data(as_text=True) == json.dumps(body)


async def test_not_a_number_is_bare_in_the_list_and_null_in_the_single_route(
    ras_app: Quart, internal: dict[str, str], dataset: Dataset
) -> None:
    client = ras_app.test_client()
    path = status_path(nan_batch(dataset).batch_id)

    listed = await (await client.get(f"{USER}/{ERIK.user_id}?limit=50", headers=internal)).get_data(
        as_text=True
    )
    single = await (await client.get(path, headers=internal)).get_data(as_text=True)

    assert '"cj_score": NaN' in listed
    assert "NaN" not in single
    assert '"cj_score":null' in single
