"""A teacher names a batch, sees it everywhere, and takes its results home."""

import csv
import io
from typing import Any

import httpx

from devstack.seed import load_dataset
from devstack.seed.people import ANNA, ERIK
from tests.e2e.demo_stack import DemoStack
from tests.e2e.screens_oracle import ordered

DATA = load_dataset()
FINISHED = next(
    batch
    for batch in DATA.batches_of(ANNA.user_id)
    if batch.processing_completed_at and any(rank for _, rank in ordered(batch))
)
BASE = f"/batches/{FINISHED.batch_id}"


def put_title(demo: DemoStack, title: str, etag: str) -> httpx.Response:
    return httpx.put(
        f"{demo.gateway}/bff/v1/teacher{BASE}/title",
        headers={"Authorization": f"Bearer {demo.token(ANNA)}", "If-Match": etag},
        json={"title": title},
        timeout=10,
    )


def shown(demo: DemoStack) -> list[str]:
    dashboard = demo.get(ANNA, "/dashboard", limit=100).json()
    detail = demo.get(ANNA, BASE).json()
    (item,) = [one for one in dashboard["batches"] if one["batch_id"] == FINISHED.batch_id]
    return [item["title"], detail["title"], detail["title_source"]]


def test_a_title_is_written_once_for_each_version_and_shown_at_once(demo: DemoStack) -> None:
    before = shown(demo)
    tag = demo.get(ANNA, f"{BASE}/title").json()["etag"]

    written = put_title(demo, "Krönikor, 9A", tag)
    try:
        assert written.status_code == 200, written.text
        assert shown(demo) == ["Krönikor, 9A", "Krönikor, 9A", "teacher"]
        assert put_title(demo, "Another", tag).status_code == 412
        assert demo.get(ERIK, f"{BASE}/title").status_code == 403
    finally:
        cleared = put_title(demo, "", written.json()["etag"])

    assert cleared.status_code == 200
    assert shown(demo) == before


def test_results_are_those_of_the_seed_on_the_screen_and_in_the_file(demo: DemoStack) -> None:
    answer: dict[str, Any] = demo.get(ANNA, f"{BASE}/results").json()
    file = demo.get(ANNA, f"{BASE}/results.csv")

    expected = [(essay.essay_id, rank) for essay, rank in ordered(FINISHED)]
    assert [(row["essay_id"], row["rank"]) for row in answer["rows"]] == expected
    assert answer["results"]["count"] == sum(rank is not None for _, rank in expected)
    assert file.headers["Content-Type"].startswith("text/csv")
    assert file.headers["Content-Disposition"].startswith("attachment; ")
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"), newline="")))
    assert [row[-1] for row in rows[1:]] == [essay_id for essay_id, _ in expected]


def test_a_class_has_its_batches_and_the_filter_finds_the_same(demo: DemoStack) -> None:
    (one, *_) = demo.get(ANNA, "/classes").json()["classes"]

    page = demo.get(ANNA, f"/classes/{one['class_id']}").json()
    found = demo.get(ANNA, "/dashboard", class_id=one["class_id"], limit=100).json()

    assert page["name"] == one["name"]
    assert len(page["students"]) == one["student_count"]
    assert [row["batch_id"] for row in page["batches"]] == [
        row["batch_id"] for row in found["batches"]
    ]
    assert found["total_count"] == len(found["batches"])
    assert demo.get(ERIK, f"/classes/{one['class_id']}").status_code == 404


def test_credits_are_those_of_the_account(demo: DemoStack) -> None:
    alone = demo.get(ANNA, "/credits").json()

    assert [part["status"] for part in alone["parts"]] == ["ok"]
    assert alone["credits"] == demo.get(ANNA, "/dashboard").json()["credits"]
