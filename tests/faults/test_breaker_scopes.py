"""Breakers of the teacher BFF: what fails rests alone, and a write comes back first."""

import asyncio
from typing import Any

import pytest

from bff_core.testing import Reply
from tests.faults import platform_answers as answers
from tests.faults.conftest import Screens, open_screens, screens_before
from tests.faults.platform_answers import BATCH, CLASS, REVIEW_PATH
from tests.faults.review_answers import put_in_review
from tests.faults.stub_platform import StubPlatform
from tests.faults.test_confirm_faults import CONFIRM, GOOD, PATH

DASHBOARD = "/v1/teacher/dashboard"
CLASS_INFO = "/internal/v1/batches/class-info"
PAGE_OF_AN_ERROR = Reply(500, b"<!doctype html><title>500</title>", {"Content-Type": "text/html"})
CMS_PATHS = ("/v1/classes/", f"/v1/classes/{CLASS}/roster", REVIEW_PATH, CONFIRM, CLASS_INFO)
UNCACHED = {
    f"CMS__{operation}__{name}": "0"
    for operation in ("CLASS_LIST", "CLASS_INFO", "ROSTERS")
    for name in ("MAX_AGE", "STALE_WHILE_REVALIDATE", "STALE_IF_ERROR")
}


def statuses(body: dict[str, Any]) -> dict[str, str]:
    return {part["name"]: part["status"] for part in body["parts"]}


async def states(screens: Screens) -> dict[tuple[str, str | None], str]:
    _, body, _ = await screens.get("/ready")
    return {
        (one["name"], one["operation"]): one["breaker"]
        for one in body["dependencies"]
        if one["breaker"]
    }


async def test_class_info_that_always_fails_costs_its_own_part_only() -> None:
    async with open_screens(**UNCACHED) as screens:
        screens.cms.on(CLASS_INFO, PAGE_OF_AN_ERROR)
        body: dict[str, Any] = {}
        for _ in range(40):
            _, body, _ = await screens.get(DASHBOARD)
        put_in_review(screens)
        review, _, _ = await screens.get(f"/v1/teacher/batches/{BATCH}/associations")
        confirmed, _, _ = await screens.post(PATH, GOOD)
        after = await states(screens)
        asked = sum(one.path == CLASS_INFO for one in screens.cms.requests)

    found = statuses(body)
    assert (found["class_names"], found["classes"], found["student_counts"]) == (
        "missing",
        "ok",
        "ok",
    )
    assert (review, confirmed) == (200, 200)
    assert (after["cms", "class_info"], after["cms", None]) == ("open", "closed")
    assert asked <= 4


@pytest.mark.parametrize("fault", [Reply(raw=b""), Reply(503)])
async def test_a_confirm_passes_as_soon_as_cms_is_back(
    platform: StubPlatform, fault: Reply
) -> None:
    long_rest = {"CMS__BREAKER__OPEN_FOR": "60", "CMS__BREAKER__MINIMUM_CALLS": "4"}
    async with screens_before(platform, **UNCACHED, **long_rest) as screens:
        for path in CMS_PATHS:
            platform.cms.on(path, fault)
        while (await states(screens))["cms", None] != "open":
            await screens.get(DASHBOARD)
        platform.answer_well()
        put_in_review(platform)

        read, body, _ = await screens.get("/v1/teacher/classes")
        status, _, _ = await screens.post(PATH, GOOD)

    assert (read, body["error"]["code"]) == (503, "CIRCUIT_BREAKER_OPEN")
    assert status == 200


async def test_a_service_that_says_it_is_well_is_asked_again_sooner(
    platform: StubPlatform,
) -> None:
    long_rest = {
        "CMS__BREAKER__OPEN_FOR": "60",
        "CMS__BREAKER__OPEN_CAP_HEALTHY": "0.5",
        "CMS__BREAKER__MINIMUM_CALLS": "4",
    }
    async with screens_before(platform, **UNCACHED, **long_rest) as screens:
        for path in CMS_PATHS:
            platform.cms.on(path, Reply(raw=b""))
        while (await states(screens))["cms", None] != "open":
            await screens.get(DASHBOARD)
        platform.answer_well()
        platform.cms.on("/healthz", Reply(body=answers.PROFILE))
        status = 0
        for _ in range(200):
            status, _, _ = await screens.get("/v1/teacher/classes")
            if status == 200:
                break
            await asyncio.sleep(0.05)

    assert status == 200
