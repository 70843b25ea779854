"""Screens 2 to 4: any fault of a service costs only its own part, and the answer comes in time."""

import time
from itertools import combinations
from typing import Any

import pytest

from bff_core.testing import Reply, StubServer
from tests.faults.conftest import OpenReplica, Screens, hurried
from tests.faults.platform_answers import (
    BATCH,
    CLASS,
    ESSAY,
    PHASES_PATH,
    PROMPT_ID,
    REVIEW_PATH,
    TEXT_ID,
)
from tests.faults.stub_platform import StubPlatform
from tests.faults.test_teacher_faults import FAULTS, LATE, missing

BASE = f"/v1/teacher/batches/{BATCH}"
STATUS = f"/internal/v1/batches/{BATCH}/status"
# Part, service and path behind it, and the operation, of each screen.
OPTIONAL = {
    BASE: {
        "class_name": ("cms", "/internal/v1/batches/class-info", "CMS__CLASS_INFO"),
        "student_names": (
            "cms",
            f"/internal/v1/batches/{BATCH}/student-names",
            "CMS__STUDENT_NAMES",
        ),
        "file_state": ("files", f"/v1/files/batch/{BATCH}/state", "FILES__STATE"),
        "phases": ("bos", PHASES_PATH, "BOS__PIPELINE_STATE"),
    },
    f"{BASE}/essays/{ESSAY}": {
        "text": ("content", f"/v1/content/{TEXT_ID}", "CONTENT__TEXT"),
        "prompt": ("content", f"/v1/content/{PROMPT_ID}", "CONTENT__TEXT"),
        "student": ("cms", f"/internal/v1/associations/essay/{ESSAY}", "CMS__STUDENT_NAMES"),
    },
    f"{BASE}/associations": {"roster": ("cms", f"/v1/classes/{CLASS}/roster", "CMS__ROSTERS")},
}
REQUIRED = {
    BASE: {"batch": ("ras", STATUS, "RAS__ONE_BATCH")},
    f"{BASE}/essays/{ESSAY}": {"essay": ("ras", STATUS, "RAS__ONE_BATCH")},
    f"{BASE}/associations": {
        "owner": ("ras", STATUS, "RAS__ONE_BATCH"),
        "associations": ("cms", REVIEW_PATH, "CMS__ASSOCIATIONS"),
    },
}
ONE_BY_ONE = [(path, part) for path, parts in OPTIONAL.items() for part in parts]
# Text is taken under any content type, so that these are no faults of Content.
HARMLESS_FOR_TEXTS = {
    "answers HTML with 200",
    "answers garbage",
    "answers a JSON of another shape",
    "answers nothing",
    "answers deeply nested JSON",
    "sends JSON as text",
}
LONGEST = 15.0
"""Of a screen with one hanging part, on a busy machine."""


def budgets_for(fault: str, *operations: str) -> dict[str, str]:
    """Short ones for operations that hang; nobody should wait for these."""
    return hurried(*operations) if fault in LATE else {}


def stub_of(screens: Screens, service: str) -> StubServer:
    stub: StubServer = getattr(screens, service)
    return stub


async def timed(screens: Screens, path: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    started = time.monotonic()
    answer = await screens.get(path)
    assert time.monotonic() - started < LONGEST
    return answer


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("path", "part"), ONE_BY_ONE)
async def test_optional_part_at_fault_is_missing_and_nothing_else_is(
    open_replica: OpenReplica, path: str, part: str, fault: str
) -> None:
    service, where, operation = OPTIONAL[path][part]
    screens = await open_replica(**budgets_for(fault, operation))
    stub_of(screens, service).on(where, FAULTS[fault])

    status, body, headers = await timed(screens, path)

    assert status == 200
    if service == "content" and fault in HARMLESS_FOR_TEXTS:
        assert missing(body) == {}
        return
    assert list(missing(body)) == [part]
    assert (missing(body)[part] == "TIMEOUT") is (fault in LATE)
    assert headers["x-parts-incomplete"] == part


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("path", OPTIONAL)
async def test_all_optional_parts_at_fault_leave_what_is_required(
    open_replica: OpenReplica, path: str, fault: str
) -> None:
    operations = [operation for _, _, operation in OPTIONAL[path].values()]
    screens = await open_replica(**budgets_for(fault, *operations))
    for service, where, _ in OPTIONAL[path].values():
        stub_of(screens, service).on(where, FAULTS[fault])

    status, body, _ = await timed(screens, path)

    harmless = {"text", "prompt"} if fault in HARMLESS_FOR_TEXTS else set()
    assert status == 200
    assert set(missing(body)) == set(OPTIONAL[path]) - harmless


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    ("path", "part"), [(path, part) for path, parts in REQUIRED.items() for part in parts]
)
async def test_required_part_at_fault_is_an_error_that_names_it(
    open_replica: OpenReplica, path: str, part: str, fault: str
) -> None:
    service, where, operation = REQUIRED[path][part]
    screens = await open_replica(**budgets_for(fault, operation))
    stub_of(screens, service).on(where, FAULTS[fault])

    status, body, _ = await timed(screens, path)

    code = "TIMEOUT" if fault in LATE else "EXTERNAL_SERVICE_ERROR"
    assert (status, body["error"]["code"]) == (504 if fault in LATE else 502, code)
    assert body["error"]["details"] == {"service": service, "part": part}


@pytest.mark.parametrize("path", OPTIONAL)
async def test_any_two_parts_gone_leave_the_others(
    platform: StubPlatform, open_replica: OpenReplica, path: str
) -> None:
    for gone in combinations(OPTIONAL[path], 2):
        screens = await open_replica()
        platform.answer_well()
        for part in gone:
            service, where, _ = OPTIONAL[path][part]
            stub_of(screens, service).on(where, Reply(raw=b""))

        status, body, _ = await screens.get(path)

        assert status == 200
        assert set(missing(body)) == set(gone)


async def test_parts_disabled_by_setting_are_neither_fetched_nor_listed(
    open_replica: OpenReplica,
) -> None:
    off = {part for parts in OPTIONAL.values() for part in parts} | {
        "order",
        "filenames",
        "titles",
        "validation",
    }
    screens = await open_replica(DISABLED_PARTS=",".join(sorted(off)))

    for path in OPTIONAL:
        _, body, _ = await screens.get(path)
        assert {part["name"] for part in body["parts"]} == set(REQUIRED[path])
    assert {request.path for request in screens.cms.requests} == {REVIEW_PATH}
    assert screens.files.requests + screens.content.requests + screens.bos.requests == []


async def test_each_service_gets_the_proof_it_needs_and_no_more(screens: Screens) -> None:
    for path in OPTIONAL:
        await screens.get(path)

    proof = {"x-user-id", "x-internal-api-key", "x-service-id", "authorization", "cookie"}
    service = {"x-internal-api-key", "x-service-id"}
    stubs = (screens.ras, screens.cms, screens.files, screens.content, screens.bos)
    seen = {one.path: proof & set(one.headers) for stub in stubs for one in stub.requests}
    assert seen == {
        STATUS: service,
        f"/internal/v1/batches/{BATCH}/essays/{ESSAY}": service,
        "/internal/v1/batches/class-info": service,
        f"/internal/v1/batches/{BATCH}/student-names": service,
        f"/internal/v1/associations/essay/{ESSAY}": service,
        "/v1/classes/": {"x-user-id"},
        f"/v1/classes/{CLASS}/roster": {"x-user-id"},
        REVIEW_PATH: {"x-user-id"},
        f"/v1/files/batch/{BATCH}/state": {"x-user-id"},
        PHASES_PATH: set(),
        f"/v1/content/{TEXT_ID}": set(),
        f"/v1/content/{PROMPT_ID}": set(),
    }


async def test_missing_essay_route_is_remembered(screens: Screens) -> None:
    for _ in range(3):
        await screens.get(f"{BASE}/essays/{ESSAY}")

    asked = [one.path for one in screens.ras.requests if "/essays/" in one.path]
    assert len(asked) == 1


@pytest.mark.parametrize("fault", FAULTS)
async def test_essay_route_at_fault_leaves_it_to_the_batch(screens: Screens, fault: str) -> None:
    screens.ras.on(f"/internal/v1/batches/{BATCH}/essays/{ESSAY}", FAULTS[fault])

    status, body, _ = await timed(screens, f"{BASE}/essays/{ESSAY}")

    assert (status, body["essay_id"], missing(body)) == (200, ESSAY, {})
