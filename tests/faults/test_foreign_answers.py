"""An answer that names another owner than was asked for is a failure of its part."""

import json
from typing import Any

import pytest

from bff_core.testing import Reply
from tests.faults import platform_answers as answers
from tests.faults.conftest import Screens
from tests.faults.platform_answers import BATCH, CLASS, ESSAY, ROW, SECOND, TEACHER

DASHBOARD = "/v1/teacher/dashboard"
DETAIL = f"/v1/teacher/batches/{BATCH}"
ONE_ESSAY = f"{DETAIL}/essays/{ESSAY}"
OTHER = "00000000-0000-4000-8000-00000000000f"


def renamed(body: bytes, **named: str) -> Reply:
    """The answer, of somebody or something else."""
    return Reply(body=json.dumps(json.loads(body) | named).encode())


FOREIGN_LIST = Reply(body=answers.batch_page(ROW | {"user_id": "teacher-2"}))
CASES: dict[str, tuple[str, str, Reply, str, str]] = {
    "profile": (
        "identity",
        f"/v1/users/{TEACHER}/profile",
        renamed(answers.PROFILE, user_id="teacher-2"),
        "/v1/teacher/me",
        "profile",
    ),
    "roster": (
        "cms",
        f"/v1/classes/{CLASS}/roster",
        renamed(answers.ROSTER, class_id=OTHER),
        "/v1/teacher/classes",
        "student_counts",
    ),
    "class of a batch": (
        "cms",
        "/internal/v1/batches/class-info",
        Reply(body=answers.CLASS_INFO.replace(BATCH.encode(), OTHER.encode())),
        DASHBOARD,
        "class_names",
    ),
    "student of an essay": (
        "cms",
        f"/internal/v1/associations/essay/{ESSAY}",
        renamed(answers.NAME, essay_id=SECOND),
        ONE_ESSAY,
        "student",
    ),
    "batches of a class": (
        "ras",
        f"/internal/v1/batches/user/{TEACHER}",
        FOREIGN_LIST,
        "/v1/teacher/classes",
        "class_activity",
    ),
}


def missing_parts(body: dict[str, Any]) -> set[str]:
    return {part["name"] for part in body["parts"] if part["status"] == "missing"}


@pytest.mark.parametrize("name", CASES)
async def test_an_answer_about_another_is_a_missing_part(screens: Screens, name: str) -> None:
    service, path, reply, screen, part = CASES[name]
    getattr(screens, service).on(path, reply)

    status, body, _ = await screens.get(screen)

    assert status == 200
    assert part in missing_parts(body)


@pytest.mark.parametrize(
    ("path", "reply", "screen"),
    [
        (f"/internal/v1/batches/user/{TEACHER}", FOREIGN_LIST, DASHBOARD),
        (
            f"/internal/v1/batches/{BATCH}/status",
            renamed(answers.WHOLE_BATCH, batch_id=OTHER),
            DETAIL,
        ),
    ],
    ids=["list", "batch"],
)
async def test_a_list_or_batch_of_another_is_a_failure_of_ras(
    screens: Screens, path: str, reply: Reply, screen: str
) -> None:
    screens.ras.on(path, reply)

    status, _, _ = await screens.get(screen)

    assert status == 502
