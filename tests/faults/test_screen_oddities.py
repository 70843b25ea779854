"""Screens 2 to 4: unusual but valid data is shown as it is, or listed as missing."""

import pytest

from bff_core.testing import Reply
from tests.faults.conftest import Screens
from tests.faults.platform_answers import BATCH, ESSAY, ESSAY_ROW, TEXT_ID, whole_batch
from tests.faults.test_screen_faults import BASE, OPTIONAL, STATUS
from tests.faults.test_teacher_faults import missing

OCTETS = {"Content-Type": "application/octet-stream"}
HTML = {"Content-Type": "text/html"}
SCRIPT = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (Reply(body=b"bl\xe5b\xe4r \xff", headers=OCTETS), "bl\ufffdb\ufffdr \ufffd"),
        (Reply(body=SCRIPT.encode(), headers=HTML), SCRIPT),
        (Reply(body="åäö 🦉".encode(), headers={}), "åäö 🦉"),
        (Reply(body=b"", headers=OCTETS), ""),
        (Reply(body=b"a\0b", headers=OCTETS), "a\0b"),
        (Reply(body=b"x" * 1024 * 1024, headers=OCTETS), "x" * 1024 * 1024),
    ],
)
async def test_text_is_decoded_and_its_type_stays_behind(
    screens: Screens, reply: Reply, text: str
) -> None:
    screens.content.on(f"/v1/content/{TEXT_ID}", reply)

    _, body, headers = await screens.get(f"{BASE}/essays/{ESSAY}")

    assert body["corrected_text"] == text
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(body=b"x" * 1024 * 1024, times=2, headers=OCTETS), "TOO_LARGE"),
        (Reply(body=b"x" * (1024 * 1024 + 1), headers=OCTETS), "TOO_LARGE"),
        (Reply(404, b'{"error":{"error_code":"RESOURCE_NOT_FOUND"}}'), "RESOURCE_NOT_FOUND"),
        (Reply(400, b'{"error":{"error_code":"CONTENT_SERVICE_ERROR"}}'), "EXTERNAL_SERVICE_ERROR"),
    ],
)
async def test_text_that_cannot_be_shown_is_missing_and_says_why(
    screens: Screens, reply: Reply, code: str
) -> None:
    screens.content.on(f"/v1/content/{TEXT_ID}", reply)

    _, body, _ = await screens.get(f"{BASE}/essays/{ESSAY}")

    assert (body["corrected_text"], missing(body)) == (None, {"text": code})


NAMES = ["Åsa Öberg 🦉.docx", '<img src=x onerror="alert(1)">.docx', 'a"b\\c\n.txt', "../../x", ""]


def many(count: int, **changes: object) -> list[dict[str, object]]:
    return [
        ESSAY_ROW
        | {"essay_id": f"a1d4b0c2-6a0e-4d53-9f0a-{number:012x}", "cj_score": -number / 7}
        | changes
        for number in range(count)
    ]


async def test_five_hundred_essays_are_shown_in_order(screens: Screens) -> None:
    screens.ras.on(STATUS, Reply(body=whole_batch(*many(500)[::-1], essay_count=500)))

    _, body, _ = await screens.get(BASE)

    assert [essay["rank"] for essay in body["essays"]] == list(range(1, 501))


async def test_odd_file_names_leave_as_data(screens: Screens) -> None:
    rows = [row | {"filename": name} for row, name in zip(many(5), NAMES, strict=True)]
    screens.ras.on(STATUS, Reply(body=whole_batch(*rows)))

    _, body, headers = await screens.get(BASE)

    assert [essay["filename"] for essay in body["essays"]] == NAMES
    assert headers["content-type"] == "application/json"


async def test_batch_in_which_every_essay_failed_invents_nothing(screens: Screens) -> None:
    failed = {
        "spellcheck_status": "failed",
        "spellcheck_corrected_text_storage_id": None,
        "spellcheck_error_detail": {
            "error_code": "CONTENT_TOO_LONG",
            "message": "SECRET",
            "stack_trace": "SECRET",
            "details": {"user_id": "SECRET"},
        },
        "cj_rank": None,
        "cj_score": None,
    }
    rows = [row | failed for row in many(3)]
    screens.ras.on(STATUS, Reply(body=whole_batch(*rows, overall_status="failed")))

    _, body, _ = await screens.get(BASE)

    (failure,) = body["failures"]
    assert (failure["cause"], failure["essay_count"]) == ("too_long", 3)
    assert {essay["rank"] for essay in body["essays"]} == {None}
    assert "SECRET" not in repr(body)


@pytest.mark.parametrize(
    "odd",
    [
        "no row",
        None,
        {},
        ESSAY_ROW | {"essay_id": None},
        ESSAY_ROW | {"cj_rank": "first"},
        ESSAY_ROW | {"essay_id": "legacy-1"},
        ESSAY_ROW | {"last_updated": "yesterday"},
    ],
)
async def test_one_odd_essay_costs_that_essay_only(screens: Screens, odd: object) -> None:
    screens.ras.on(STATUS, Reply(body=whole_batch(odd, *many(2))))

    status, body, _ = await screens.get(BASE)

    assert (status, len(body["essays"]), body["skipped"]) == (200, 2, 1)


@pytest.mark.parametrize("path", OPTIONAL)
async def test_results_that_cannot_tell_yet_are_404_with_the_reason(
    screens: Screens, path: str
) -> None:
    screens.ras.on(STATUS, Reply(400, b'{"error":"Invalid batch ID"}'))

    status, body, _ = await screens.get(path)

    assert (status, body["error"]["details"]) == (404, {"reason": "not_yet_available"})


@pytest.mark.parametrize(
    "reply", [Reply(404, b"<h1>?</h1>", HTML), Reply(400, b"<h1>?</h1>", HTML)]
)
async def test_page_in_html_is_no_answer_about_a_batch(screens: Screens, reply: Reply) -> None:
    screens.ras.on(STATUS, reply)

    status, body, _ = await screens.get(BASE)

    assert (status, body["error"]["code"]) == (502, "EXTERNAL_SERVICE_ERROR")


@pytest.mark.parametrize(
    ("lock", "locked", "verified"),
    [
        (b'{"locked": true, "reason": "Unable to verify batch state"}', True, False),
        (b'{"locked": true, "reason": "SECRET", "status_code": 404}', True, False),
        (b'{"locked": false, "current_state": "READY_FOR_MODIFICATIONS"}', False, True),
    ],
)
async def test_lock_that_could_not_be_verified_says_so(
    screens: Screens, lock: bytes, *, locked: bool, verified: bool
) -> None:
    body = b'{"batch_id": "x", "lock_status": ' + lock + b"}"
    screens.files.on(f"/v1/files/batch/{BATCH}/state", Reply(body=body))

    _, answer, _ = await screens.get(BASE)

    state = answer["file_state"]
    assert (state["locked"], state["verified"]) == (locked, verified)
    assert "SECRET" not in repr(answer)
