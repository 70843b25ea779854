"""A CMS of one core: rosters that have become old are refreshed a few at a time."""

import asyncio
import json
from uuid import UUID

from bff_core.testing import Reply
from tests.faults import platform_answers as answers
from tests.faults.conftest import Screens, screens_before
from tests.faults.stub_platform import StubPlatform

CLASSES = [str(UUID(int=number + 1, version=4)) for number in range(45)]
ALL = "/v1/teacher/classes?limit=45"
ROSTER_SECONDS = 0.035
"""Seconds of the one core for one roster."""
SETTINGS = {
    "CMS__ROSTERS__BUDGET": "5.0",
    "CMS__ROSTERS__MAX_AGE": "6.0",
    "CMS__ROSTERS__STALE_WHILE_REVALIDATE": "600",
    "CMS__CLASS_LIST__MAX_AGE": "600",
    "REQUEST_BUDGET": "8.0",
}


def teach_45_classes(platform: StubPlatform) -> None:
    page = [
        {"id": one, "name": f"Class {one[-4:]}", "created_at": "2025-08-19T07:41:02.551208"}
        for one in CLASSES
    ]
    platform.cms.on("/v1/classes/", Reply(body=json.dumps({"classes": page}).encode()))
    for one in CLASSES:
        roster = Reply(body=answers.ROSTER, work=ROSTER_SECONDS)
        platform.cms.on(f"/v1/classes/{one}/roster", roster)


async def rosters_asked(screens: Screens, at_least: int) -> int:
    """The number of roster requests once there are `at_least`, or no more come."""
    asked = 0
    for _ in range(200):
        asked = sum(one.path.endswith("/roster") for one in screens.cms.requests)
        if asked >= at_least:
            return asked
        await asyncio.sleep(0.05)
    return asked


async def test_45_old_rosters_ask_cms_two_at_a_time(platform: StubPlatform) -> None:
    teach_45_classes(platform)
    async with screens_before(platform, **SETTINGS) as screens:
        for _ in range(3):
            await screens.get(ALL)
        before = await rosters_asked(screens, 45)
        await asyncio.sleep(6.2)
        screens.cms.busiest = 0

        status, body, _ = await screens.get(ALL)
        asked = await rosters_asked(screens, before + 45)
        metrics = await (await screens.client.get("/metrics")).get_data(as_text=True)

    assert status == 200
    assert len(body["classes"]) == 45
    assert asked == before + 45
    assert screens.cms.busiest <= 3
    assert 'by="bulkhead"' not in metrics
    assert 'circuit_breaker_state{operation="roster",service="cms"} 0.0' in metrics
