"""Ids go out as their sources spell them, and are compared without case."""

import json
from typing import Any

from bff_core.testing import Reply
from tests.faults import platform_answers as answers
from tests.faults.conftest import Screens
from tests.faults.platform_answers import (
    BATCH,
    CLASS,
    ESSAY,
    ESSAY_ROW,
    MAJA,
    NO_ROUTE,
    ROW,
    SECOND,
    TEACHER,
    TEXT_ID,
    batch_page,
    whole_batch,
)
from tests.faults.review_answers import NOT_BEGUN, fresh_associations

UPPER = BATCH.upper()
ESSAYS = [ESSAY_ROW | {"essay_id": one.upper()} for one in (ESSAY, SECOND)]
IN_UPPER_CASE: dict[str, Any] = {"batch_id": UPPER, "user_id": TEACHER.upper()}
DASHBOARD = "/v1/teacher/dashboard"


def ras_spells_in_upper_case(screens: Screens) -> None:
    """RAS knows its ids in upper case only; CMS answers in lower case, whatever it is asked."""
    row = ROW | IN_UPPER_CASE
    screens.ras.on(f"/internal/v1/batches/user/{TEACHER}", Reply(body=batch_page(row)))
    whole = whole_batch(*ESSAYS, **IN_UPPER_CASE, **NOT_BEGUN)
    screens.ras.on(f"/internal/v1/batches/{UPPER}/status", Reply(body=whole))
    screens.ras.on(f"/internal/v1/batches/{UPPER}/essays/{ESSAY.upper()}", NO_ROUTE)
    screens.ras.on(f"/internal/v1/batches/{BATCH}/status", Reply(404, b'{"error":"not found"}'))
    review = f"/v1/batches/{UPPER}/student-associations"
    screens.cms.on(f"/internal/v1/batches/{UPPER}/student-names", Reply(body=answers.NAMES))
    screens.cms.on(f"/internal/v1/associations/essay/{ESSAY.upper()}", Reply(body=answers.NAME))
    screens.cms.on(review, Reply(body=fresh_associations()))
    screens.cms.on(f"{review}/confirm", Reply(body=answers.CONFIRMED))
    waiting = answers.phases(UPPER, spellcheck="pending_dependencies")
    screens.bos.on(f"/internal/v1/batches/{UPPER}/pipeline-state", Reply(body=waiting))
    screens.files.on(f"/v1/files/batch/{UPPER}/state", Reply(body=answers.FILE_STATE))
    screens.content.on(f"/v1/content/{TEXT_ID}", answers.text("Det var en gång"))


async def test_ids_of_one_screen_open_the_next_however_ras_spells_them(screens: Screens) -> None:
    ras_spells_in_upper_case(screens)

    _, dashboard, _ = await screens.get(DASHBOARD)
    [row] = dashboard["batches"]
    _, batch, _ = await screens.get(f"/v1/teacher/batches/{row['batch_id']}")
    essays = {one["essay_id"]: one for one in batch["essays"]}
    status, essay, _ = await screens.get(f"/v1/teacher/batches/{UPPER}/essays/{ESSAY.upper()}")

    assert (row["batch_id"], row["class_name"]) == (UPPER, "SA1B")
    assert dashboard["classes"][0]["recent_batches"] == 1
    assert (batch["batch_id"], batch["class_name"]) == (UPPER, "SA1B")
    assert essays[ESSAY.upper()]["student"]["student_id"] == MAJA
    assert (status, essay["essay_id"], essay["next_essay_id"]) == (
        200,
        ESSAY.upper(),
        SECOND.upper(),
    )
    assert essay["student"]["first_name"] == "Maja"


async def test_a_review_matches_the_spellings_of_ras_and_cms(screens: Screens) -> None:
    ras_spells_in_upper_case(screens)
    base = f"/v1/teacher/batches/{UPPER}/associations"

    _, review, _ = await screens.get(base)
    rows = {one["essay_id"]: one for one in review["associations"]}
    decision = {"essay_id": ESSAY.upper(), "student_id": MAJA.upper()}
    status, result, _ = await screens.post(f"{base}/confirm", {"decisions": [decision]})
    body = {"decisions": [{"essay_id": ESSAY, "student_id": MAJA}]}
    _, _, replayed = await screens.post(f"{base}/confirm", body)

    assert list(rows) == [ESSAY.upper(), SECOND.upper()]
    assert rows[ESSAY.upper()]["suggested_student"]["student_id"] == MAJA
    assert rows[ESSAY.upper()]["filename"] == "Maja_Lindqvist.docx"
    assert (status, result["batch_id"]) == (200, UPPER)
    [sent] = [json.loads(one.body) for one in screens.cms.requests if "confirm" in one.path]
    expected = {"essay_id": ESSAY, "student_id": MAJA, "confirmed": True}
    assert sent["associations"] == [expected]
    assert replayed["idempotent-replay"] == "true"


async def test_classes_go_out_as_cms_spells_them_and_keep_their_activity(screens: Screens) -> None:
    page = answers.CLASS_PAGE.replace(CLASS.encode(), CLASS.upper().encode())
    screens.cms.on("/v1/classes/", Reply(body=page))
    screens.cms.on(f"/v1/classes/{CLASS.upper()}/roster", Reply(body=answers.ROSTER))

    _, body, _ = await screens.get(DASHBOARD)

    [row] = body["classes"]
    assert (row["class_id"], row["recent_batches"]) == (CLASS.upper(), 1)
    assert row["student_count"] == 1


async def test_an_id_in_another_case_than_its_source_s_is_the_same_id(screens: Screens) -> None:
    screens.ras.on(f"/internal/v1/batches/{UPPER}/status", Reply(404, b'{"error":"not found"}'))
    paths = ("", "/associations", f"/essays/{ESSAY.upper()}")

    answers_in = [await screens.get(f"/v1/teacher/batches/{UPPER}{path}") for path in paths]
    unknown, _, _ = await screens.get(f"/v1/teacher/batches/{UPPER[:-1]}A")

    assert [(status, body["batch_id"]) for status, body, _ in answers_in] == [(200, BATCH)] * 3
    assert answers_in[2][1]["essay_id"] == ESSAY
    assert unknown == 404
