"""Every screen in front of the platform as it is shipped: what it cannot say is null and missing."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from devstack.seed import PEOPLE, DemoUser, SeededBatch, Situation, load_dataset
from devstack.seed.people import ADMIN, PENDING, TEACHERS
from tests.e2e.demo_stack import DemoStack, free_offset
from tests.e2e.screen_reader import Emulators
from tests.e2e.screens_oracle import ScreensOracle
from tests.e2e.secrets_check import require_no_secret

DATA = load_dataset()
ORACLE = ScreensOracle(DATA)
KEYS = [f"{batch.situation}-{batch.batch_id[:8]}" for batch in DATA.batches]
BY_ID = {person.user_id: person for person in PEOPLE}


IN_REVIEW = DATA.batches_in(Situation.AWAITING_CONFIRMATION)
UNKNOWN_CLASS = {"class_id": None, "class_name": None}
UNKNOWN_ACTIVITY = {"recent_batches": None, "needs_attention": None, "last_activity_at": None}
ADMIN_SCREENS = (
    "/overview",
    "/users",
    "/users/pending",
    f"/users/{PENDING[0].user_id}",
    "/settings",
    "/settings/notifications",
    "/settings/notifications/schema",
    "/settings/notifications/versions",
    "/audit",
)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoStack]:
    stack = DemoStack(tmp_path_factory.mktemp("shipped"), free_offset())
    words = ("--detach", "--as-shipped", "--port-offset", str(stack.offset))
    started = stack.command("up", *words)
    try:
        assert started.returncode == 0, started.stdout + started.stderr
        yield stack
    finally:
        stopped = stack.command("down")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr


def body(answer: httpx.Response, *missing: str) -> dict[str, Any]:
    """The answer without its parts, of which exactly these are missing."""
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    absent = {part["name"] for part in shown.pop("parts", []) if part["status"] == "missing"}
    assert absent == set(missing)
    assert ("x-parts-incomplete" in answer.headers) >= bool(missing)
    return shown


@pytest.mark.parametrize("teacher", TEACHERS, ids=lambda person: person.first_name)
def test_dashboard_and_classes_lack_what_class_info_alone_knows(
    shipped: DemoStack, teacher: DemoUser
) -> None:
    expected = ORACLE.dashboard.page(teacher.user_id, 20, 0, None)
    classes = [one | UNKNOWN_ACTIVITY for one in ORACLE.dashboard.classes(teacher.user_id)]

    shown = body(shipped.get(teacher, "/dashboard"), "class_names", "class_activity")
    listed = body(shipped.get(teacher, "/classes"), "class_activity")

    assert shown["batches"] == [one | UNKNOWN_CLASS for one in expected["batches"]]
    assert shown["total_count"] == expected["total_count"]
    assert shown["classes"] == listed["classes"] == classes


@pytest.mark.parametrize("teacher", TEACHERS, ids=lambda person: person.first_name)
def test_profile_is_whole(shipped: DemoStack, teacher: DemoUser) -> None:
    shown = body(shipped.get(teacher, "/me"))

    assert (shown["user_id"], shown["first_name"]) == (teacher.user_id, teacher.first_name)


@pytest.mark.parametrize("batch", DATA.batches, ids=KEYS)
def test_batch_its_essays_and_its_review_lack_the_class_s_name_alone(
    shipped: DemoStack, batch: SeededBatch
) -> None:
    owner, path = BY_ID[batch.user_id], f"/batches/{batch.batch_id}"

    detail = body(shipped.get(owner, path), "class_name")
    review = body(shipped.get(owner, f"{path}/associations"))

    assert detail == ORACLE.detail(batch, "en") | UNKNOWN_CLASS
    assert review == ORACLE.associations(batch)
    for essay in batch.visible_essays[:2]:
        feedback = body(shipped.get(owner, f"{path}/essays/{essay.essay_id}"))
        assert feedback == ORACLE.feedback(batch, essay.essay_id, "en")


def test_review_is_confirmed_and_cms_gets_it_once(shipped: DemoStack) -> None:
    batch = IN_REVIEW[0]
    owner, path = BY_ID[batch.user_id], f"/batches/{batch.batch_id}/associations"
    rows = shipped.get(owner, path).json()["associations"]
    decisions = [
        {
            "essay_id": row["essay_id"],
            "student_id": row["suggested_student"] and row["suggested_student"]["student_id"],
        }
        for row in rows
        if row["must_be_decided"]
    ]
    headers = {"Authorization": f"Bearer {shipped.token(owner)}"}
    url = f"{shipped.gateway}/bff/v1/teacher{path}/confirm"

    answers = [
        httpx.post(url, json={"decisions": decisions}, headers=headers, timeout=20)
        for _ in range(2)
    ]

    by_hand = [
        event
        for event in Emulators(shipped).confirmed(batch.batch_id)
        if event["validated_by"] == owner.user_id
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(by_hand) == 1


def test_stream_begins_with_a_snapshot_of_every_batch(shipped: DemoStack) -> None:
    teacher = TEACHERS[0]
    headers = {"Authorization": f"Bearer {shipped.token(teacher)}"}
    url = f"{shipped.gateway}/bff/v1/teacher/events"

    with httpx.stream("GET", url, headers=headers, timeout=20) as stream:
        lines = stream.iter_lines()
        assert next(line for line in lines if line.startswith("event:")) == "event: snapshot"
        text = next(line for line in lines if line.startswith("data:"))

    expected = ORACLE.dashboard.page(teacher.user_id, 100, 0, None)["batches"]
    batches = json.loads(text.removeprefix("data:"))["batches"]
    assert set(batches) == {one["batch_id"] for one in expected}


@pytest.mark.parametrize("path", ADMIN_SCREENS)
def test_admin_screens_miss_no_part_of_the_platform(shipped: DemoStack, path: str) -> None:
    headers = {"Authorization": f"Bearer {shipped.token(ADMIN)}"}

    answer = httpx.get(f"{shipped.admin_doors[0]}{path}", headers=headers, timeout=20)

    require_no_secret(answer)
    body(answer)


def test_admin_approves_a_person_who_then_signs_in(shipped: DemoStack) -> None:
    person = next(one for one in PENDING if one.email_verified)
    headers = {"Authorization": f"Bearer {shipped.token(ADMIN)}"}
    before = shipped.sign_in(person.email)
    with httpx.Client(base_url=shipped.admin_doors[0], headers=headers, timeout=20) as admin:
        version = admin.get(f"/users/{person.user_id}").json()["version"]
        path = f"/users/{person.user_id}/approve"
        approved = admin.post(path, json={"expected_version": version})

    assert (before.status_code, approved.status_code) == (403, 200)
    assert shipped.sign_in(person.email).status_code == 200


def test_option_that_changes_the_platform_is_refused_beside_as_shipped(shipped: DemoStack) -> None:
    refused = shipped.command("up", "--as-shipped", "--ras-essay-endpoint")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert "--as-shipped goes with no option that changes the platform" in refused.stderr
