"""A teacher signs in at the gateway and sees what the seed holds."""

import re
from typing import Any

import httpx
import pytest

from devstack.seed import PEOPLE, DemoUser, load_dataset
from tests.e2e.dashboard_oracle import CLIENT_WORDS, DashboardOracle
from tests.e2e.demo_stack import DemoStack
from tests.e2e.truth_oracle import STATUSES

ORACLE = DashboardOracle(load_dataset())
SIGNED_IN = [person for person in PEOPLE if person.status == "approved"]
PARTS = [
    "batches",
    "classes",
    "student_counts",
    "class_names",
    "class_activity",
    "phases",
    "validation",
    "titles",
    "credits",
]


def seen(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        name: answer[name]
        for name in ("batches", "total_count", "limit", "offset", "has_more", "skipped")
    }


def test_a_teacher_signs_in_and_sees_the_dashboard(demo: DemoStack) -> None:
    teacher = SIGNED_IN[0]
    signed = demo.sign_in(teacher.email)
    headers = {"Authorization": f"Bearer {signed.json()['access_token']}"}

    for base in demo.teacher_doors:
        answer = httpx.get(f"{base}/v1/teacher/dashboard", headers=headers, timeout=10)

        assert answer.status_code == 200
        assert seen(answer.json()) == ORACLE.page(teacher.user_id, 20, 0, None)


@pytest.mark.parametrize("person", SIGNED_IN, ids=lambda person: person.first_name)
def test_every_page_equals_the_seed(demo: DemoStack, person: DemoUser) -> None:
    for limit, offset in [(1, 0), (1, 3), (5, 5), (20, 0), (7, 14), (100, 0), (20, 500)]:
        answer = demo.get(person, "/dashboard", limit=limit, offset=offset)

        assert answer.status_code == 200
        assert seen(answer.json()) == ORACLE.page(person.user_id, limit, offset, None)


@pytest.mark.parametrize("word", CLIENT_WORDS)
@pytest.mark.parametrize("person", SIGNED_IN, ids=lambda person: person.first_name)
def test_every_status_filter_equals_the_seed(demo: DemoStack, person: DemoUser, word: str) -> None:
    for limit, offset in [(20, 0), (1, 1), (2, 0), (2, 2), (100, 400)]:
        answer = demo.get_directly(person, "/dashboard", limit=limit, offset=offset, status=word)

        assert seen(answer.json()) == ORACLE.page(person.user_id, limit, offset, word)


def test_every_limit_equals_the_seed(demo: DemoStack) -> None:
    teacher = SIGNED_IN[0]
    for limit in range(1, 101):
        answer = demo.get_directly(teacher, "/dashboard", limit=limit).json()

        assert seen(answer) == ORACLE.page(teacher.user_id, limit, 0, None)


@pytest.mark.parametrize("person", SIGNED_IN, ids=lambda person: person.first_name)
def test_classes_equal_the_seed(demo: DemoStack, person: DemoUser) -> None:
    listed = demo.get(person, "/classes").json()
    beside = demo.get(person, "/dashboard").json()

    assert listed["classes"] == ORACLE.classes(person.user_id)
    assert beside["classes"] == ORACLE.classes(person.user_id)
    # Within seconds of another read an answer may be one that is being refreshed.
    assert {part["status"] for part in beside["parts"]} <= {"ok", "stale"}
    assert [part["name"] for part in beside["parts"]] == PARTS


@pytest.mark.parametrize("person", SIGNED_IN, ids=lambda person: person.first_name)
def test_me_says_who_is_signed_in(demo: DemoStack, person: DemoUser) -> None:
    answer = demo.get(person, "/me").json()

    assert (answer["user_id"], answer["roles"]) == (person.user_id, list(person.roles))
    assert (answer["first_name"], answer["last_name"]) == (person.first_name, person.last_name)


def test_the_front_end_s_rules_hold(demo: DemoStack) -> None:
    answer = demo.get(SIGNED_IN[0], "/dashboard", limit=100).json()

    assert {"batches", "total_count", "limit", "offset"} <= set(answer)
    for batch in answer["batches"]:
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", batch["batch_id"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", batch["created_at"])
        assert batch["class_name"] is None or isinstance(batch["class_name"], str)
        assert batch["status"] in STATUSES
