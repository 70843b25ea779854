"""Screen 1 with any fault of a downstream service."""

from typing import Any

import pytest

from bff_core.testing import ANY, NO_LENGTH, Reply
from tests.faults.conftest import OpenReplica, Screens, hurried
from tests.faults.platform_answers import BATCH, BATCH_PAGE, CLASS, ROW, TEACHER, batch_page

HTML = {"Content-Type": "text/html; charset=utf-8"}
TEXT = {"Content-Type": "text/plain"}
MEGABYTE = b" " * 1024 * 1024

FAULTS = {
    "hangs": Reply(hang=True),
    "is late": Reply(delay=2.0),
    "answers 500 in HTML": Reply(500, b"<h1>Internal Server Error</h1>", HTML),
    "answers 500 in JSON": Reply(500, b'{"error":"Internal server error"}'),
    "answers HTML with 200": Reply(200, b"<!doctype html><title>hello</title>", HTML),
    "answers garbage": Reply(200, b"\x00\xff{not json"),
    "answers half": Reply(200, b'{"batches": [', length=500),
    "answers a JSON of another shape": Reply(200, b"[1, 2, 3]"),
    "answers nothing": Reply(200, b""),
    "answers deeply nested JSON": Reply(200, b"[" * 100_000),
    "redirects": Reply(308, b"", {"Location": "http://127.0.0.1:9/elsewhere", **HTML}),
    "sends 200 MB": Reply(200, MEGABYTE, times=200),
    "sends 200 MB without saying so": Reply(200, MEGABYTE, times=200, length=NO_LENGTH),
    "sends JSON as text": Reply(200, BATCH_PAGE, TEXT),
    "sends JSON compressed": Reply(
        200, BATCH_PAGE, {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    ),
    "refuses our key": Reply(401, b'{"error":"Invalid credentials"}'),
    "speaks no HTTP": Reply(raw=b"SSH-2.0-OpenSSH_9.2\r\n"),
    "drips": Reply(200, b" ", times=1000, pause=0.05),
}
CLASS_PARTS = ("classes", "student_counts", "class_names", "class_activity")
CLASS_OPERATIONS = ("CMS__CLASS_LIST", "CMS__CLASS_INFO", "CMS__ROSTERS")
LATE = {"hangs", "is late", "drips"}


def missing(body: dict[str, Any]) -> dict[str, str]:
    parts: list[dict[str, str]] = body["parts"]
    return {part["name"]: part["code"] for part in parts if part["status"] == "missing"}


@pytest.mark.parametrize("fault", FAULTS)
async def test_class_service_at_fault_costs_its_own_parts(
    open_replica: OpenReplica, fault: str
) -> None:
    screens = await open_replica(**(hurried(*CLASS_OPERATIONS) if fault in LATE else {}))
    screens.cms.on("/v1/classes/", FAULTS[fault])
    screens.cms.on("/internal/v1/batches/class-info", FAULTS[fault])

    status, body, headers = await screens.get("/v1/teacher/dashboard")

    code = "TIMEOUT" if fault in LATE else "EXTERNAL_SERVICE_ERROR"
    assert status == 200
    assert missing(body) == dict.fromkeys(CLASS_PARTS, code)
    assert headers["cache-control"] == "no-store"
    assert headers["x-parts-incomplete"] == ", ".join(CLASS_PARTS)


@pytest.mark.parametrize("fault", FAULTS)
async def test_results_at_fault_is_an_error_that_names_the_part(
    open_replica: OpenReplica, fault: str
) -> None:
    operations = ("RAS__USER_LIST", "RAS__CLASS_ACTIVITY")
    screens = await open_replica(**(hurried(*operations) if fault in LATE else {}))
    screens.ras.on(ANY, FAULTS[fault])
    screens.ras.on(f"/internal/v1/batches/user/{TEACHER}", FAULTS[fault])

    status, body, _ = await screens.get("/v1/teacher/dashboard")

    error: dict[str, object] = body["error"]
    expected = (504, "TIMEOUT") if fault in LATE else (502, "EXTERNAL_SERVICE_ERROR")
    assert (status, error["code"]) == expected
    assert error["details"] == {"service": "ras", "part": "batches"}


async def test_a_service_that_is_gone_is_503_with_retry_after(screens: Screens) -> None:
    screens.ras.on(f"/internal/v1/batches/user/{TEACHER}", Reply(raw=b""))

    status, body, headers = await screens.get("/v1/teacher/dashboard")

    error: dict[str, object] = body["error"]
    assert (status, error["code"]) == (503, "CONNECTION_ERROR")
    assert headers["retry-after"] == "1"


async def test_all_well_is_complete_and_private(screens: Screens) -> None:
    status, body, headers = await screens.get("/v1/teacher/dashboard")

    batches: list[dict[str, object]] = body["batches"]
    assert status == 200
    assert batches[0]["class_name"] == "SA1B"
    assert headers["cache-control"] == "private, no-cache"
    assert "x-parts-incomplete" not in headers


async def test_a_bare_nan_in_a_page_spoils_nothing(screens: Screens) -> None:
    page = BATCH_PAGE.replace(b"0.5", b"NaN")
    screens.ras.on(f"/internal/v1/batches/user/{TEACHER}", Reply(body=page))

    status, body, _ = await screens.get("/v1/teacher/dashboard")

    assert (status, body["skipped"], body["total_count"]) == (200, 0, 1)


@pytest.mark.parametrize(
    "odd",
    [
        ROW | {"batch_id": "legacy-batch-0001"},
        ROW | {"batch_id": None},
        ROW | {"overall_status": 7},
        ROW | {"created_at": "yesterday"},
        ROW | {"essay_count": "many"},
        {"batch_id": BATCH},
        "not even a row",
        None,
    ],
)
async def test_one_odd_row_costs_that_row_only(screens: Screens, odd: object) -> None:
    screens.ras.on(f"/internal/v1/batches/user/{TEACHER}", Reply(body=batch_page(odd, ROW)))

    status, body, _ = await screens.get("/v1/teacher/dashboard")

    batches: list[dict[str, object]] = body["batches"]
    assert (status, len(batches), body["skipped"], body["total_count"]) == (200, 1, 1, 2)


async def test_a_missing_optional_field_is_null(screens: Screens) -> None:
    optional = {"assignment_id", "requested_pipeline", "current_phase", "processing_completed_at"}
    row = {name: value for name, value in ROW.items() if name not in optional}
    screens.ras.on(f"/internal/v1/batches/user/{TEACHER}", Reply(body=batch_page(row)))

    _, body, _ = await screens.get("/v1/teacher/dashboard")

    batches: list[dict[str, object]] = body["batches"]
    assert (batches[0]["title"], batches[0]["is_final"]) == ("Untitled Batch", False)


@pytest.mark.parametrize("fault", FAULTS)
async def test_identity_at_fault_leaves_the_token_s_word(screens: Screens, fault: str) -> None:
    screens.identity.on(f"/v1/users/{TEACHER}/profile", FAULTS[fault])

    status, body, _ = await screens.get("/v1/teacher/me")

    assert (status, body["user_id"], body["first_name"]) == (200, TEACHER, None)
    assert list(missing(body)) == ["profile"]


async def test_each_service_gets_the_proof_it_needs_and_no_more(screens: Screens) -> None:
    await screens.get("/v1/teacher/dashboard")
    await screens.get("/v1/teacher/me")

    proof = {"x-user-id", "x-internal-api-key", "x-service-id", "authorization", "cookie"}
    seen = {
        request.path: proof & set(request.headers)
        for stub in (screens.ras, screens.cms, screens.identity)
        for request in stub.requests
    }
    assert seen == {
        f"/internal/v1/batches/user/{TEACHER}": {"x-internal-api-key", "x-service-id"},
        "/v1/classes/": {"x-user-id"},
        f"/v1/classes/{CLASS}/roster": {"x-user-id"},
        "/internal/v1/batches/class-info": {"x-internal-api-key", "x-service-id"},
        f"/v1/users/{TEACHER}/profile": set(),
    }


async def test_nothing_a_service_wrote_leaves_in_an_error(screens: Screens) -> None:
    secret = b'{"error":{"stack_trace":"SECRET /srv/app.py","batch_owner":"SECRET"}}'
    screens.ras.on(f"/internal/v1/batches/user/{TEACHER}", Reply(500, secret))

    _, body, headers = await screens.get("/v1/teacher/dashboard")

    assert "SECRET" not in repr(body) + repr(headers)
