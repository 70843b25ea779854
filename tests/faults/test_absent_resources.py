"""An essay without a student and a person without a profile are normal: `ok`, null, remembered."""

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from bff_core.testing import Reply
from tests.faults.conftest import Screens
from tests.faults.platform_answers import BATCH, ESSAY, NO_ROUTE, TEACHER

ESSAY_PATH = f"/v1/teacher/batches/{BATCH}/essays/{ESSAY}"
STUDENT = f"/internal/v1/associations/essay/{ESSAY}"
PROFILE = f"/v1/users/{TEACHER}/profile"
NO_STUDENT = Reply(404, b'{"error":"Essay student association not found"}')


def refusal(code: str) -> Reply:
    """Identity's refusal, as recorded: 400 for whatever is wrong."""
    error = {"error_code": code, "message": "x", "stack_trace": "x", "service": "identity_service"}
    return Reply(400, json.dumps({"error": error}).encode())


def part(body: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in body["parts"] if one["name"] == name)


async def outcomes(screens: Screens, operation: str) -> set[str]:
    """Outcomes of the calls to an operation that were counted."""
    answer = await screens.client.get("/metrics")
    lines = (await answer.get_data(as_text=True)).splitlines()
    name = "bff_teacher_downstream_calls_total{"
    of_operation = [one for one in lines if one.startswith(name) and f'"{operation}"' in one]
    return {one.partition('outcome="')[2].partition('"')[0] for one in of_operation}


async def test_an_essay_without_a_student_is_ok_and_remembered(screens: Screens) -> None:
    screens.cms.on(STUDENT, NO_STUDENT)

    with capture_logs() as logs:
        answers = [await screens.get(ESSAY_PATH) for _ in range(3)]

    for status, body, _ in answers:
        assert (status, body["student"], part(body, "student")["status"]) == (200, None, "ok")
    assert sum(one.path == STUDENT for one in screens.cms.requests) == 1
    assert await outcomes(screens, "student_of_essay") == {"ok"}
    failed = [one for one in logs if one["event"] == "downstream_failed"]
    assert {one["operation"] for one in failed} <= {"essay"}


async def test_a_person_without_a_profile_is_ok_and_remembered(screens: Screens) -> None:
    screens.identity.on(PROFILE, refusal("RESOURCE_NOT_FOUND"))

    with capture_logs() as logs:
        answers = [await screens.get("/v1/teacher/me") for _ in range(3)]

    for status, body, headers in answers:
        assert (status, body["first_name"], body["display_name"]) == (200, None, None)
        assert part(body, "profile")["status"] == "ok"
        assert "x-parts-incomplete" not in headers
    assert len(screens.identity.requests) == 1
    assert await outcomes(screens, "profile") == {"ok"}
    assert {one["log_level"] for one in logs} <= {"info", "debug"}


@pytest.mark.parametrize(
    "answer", [refusal("VALIDATION_ERROR"), Reply(400, b'{"error":"text"}'), NO_ROUTE, Reply(500)]
)
async def test_another_refusal_of_identity_is_a_failure(screens: Screens, answer: Reply) -> None:
    screens.identity.on(PROFILE, answer)

    _, body, _ = await screens.get("/v1/teacher/me")

    assert part(body, "profile")["status"] == "missing"
    assert await outcomes(screens, "profile") == {"external_service_error"}
