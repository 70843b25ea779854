"""A service that dies after a good read: stale answers for a while, then an error."""

import asyncio
from typing import Any

import pytest

from bff_core.testing import Reply
from tests.faults.conftest import Screens, hurried, open_screens
from tests.faults.platform_answers import TEACHER

BATCHES = f"/internal/v1/batches/user/{TEACHER}"
DASHBOARD = "/v1/teacher/dashboard"
SHORT = {"RAS__USER_LIST__MAX_AGE": "0.1", "RAS__USER_LIST__STALE_WHILE_REVALIDATE": "0.1"}
FAULTS = {"gone": Reply(raw=b""), "broken": Reply(500), "hung": Reply(hang=True)}


def part(body: dict[str, Any], name: str) -> dict[str, Any]:
    return next(part for part in body["parts"] if part["name"] == name)


async def breakers(screens: Screens) -> dict[str, str]:
    _, body, _ = await screens.get("/ready")
    listed: list[dict[str, str]] = body["dependencies"]
    return {
        one["name"]: one["breaker"] for one in listed if one["breaker"] and not one["operation"]
    }


async def test_a_polled_dashboard_of_a_healthy_platform_is_complete() -> None:
    refreshing = {
        f"{operation}__{name}": value
        for operation in ("RAS__USER_LIST", "RAS__CLASS_ACTIVITY", "CMS__CLASS_LIST")
        for name, value in (("MAX_AGE", "0.05"), ("STALE_WHILE_REVALIDATE", "600"))
    }
    async with open_screens(**refreshing) as screens:
        answers = []
        for _ in range(6):
            answers.append(await screens.get(DASHBOARD))
            await asyncio.sleep(0.1)

    for _, body, headers in answers:
        assert {one["status"] for one in body["parts"]} == {"ok"}
        assert "x-parts-incomplete" not in headers
        assert headers["cache-control"] == "private, no-cache"
    assert max(part(body, "batches")["age_seconds"] for _, body, _ in answers) >= 0.1


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_dead_results_service_shows_old_batches_with_their_age(fault: str) -> None:
    budgets = hurried("RAS__USER_LIST") if fault == "hung" else {}
    async with open_screens(**SHORT, **budgets) as screens:
        _, good, _ = await screens.get(DASHBOARD)
        screens.ras.on(BATCHES, FAULTS[fault])
        await asyncio.sleep(0.4)

        status, body, headers = await screens.get(DASHBOARD)

    assert (status, body["batches"]) == (200, good["batches"])
    assert part(body, "batches") | {"age_seconds": None} == {
        "name": "batches",
        "status": "stale",
        "age_seconds": None,
        "code": None,
    }
    assert 0.4 <= part(body, "batches")["age_seconds"] < 30.0
    assert headers["cache-control"] == "no-store"
    assert headers["x-parts-incomplete"] == "batches"


async def test_after_the_allowed_time_the_refusal_is_honest() -> None:
    async with open_screens(**SHORT, RAS__USER_LIST__STALE_IF_ERROR="0.3") as screens:
        await screens.get(DASHBOARD)
        screens.ras.on(BATCHES, Reply(raw=b""))
        await asyncio.sleep(0.5)

        status, body, headers = await screens.get(DASHBOARD)

    error: dict[str, Any] = body["error"]
    assert (status, error["code"]) == (503, "CONNECTION_ERROR")
    assert error["details"] == {"service": "ras", "part": "batches"}
    assert int(headers["retry-after"]) >= 1


async def test_an_open_breaker_serves_what_is_old_and_asks_nobody() -> None:
    async with open_screens(**SHORT, RAS__BREAKER__MINIMUM_CALLS="4") as screens:
        await screens.get(DASHBOARD)
        screens.ras.on(BATCHES, Reply(raw=b""))
        await asyncio.sleep(0.4)
        while (await breakers(screens))["ras"] == "closed":
            await screens.get(DASHBOARD)
        asked = len(screens.ras.requests)

        answers = [await screens.get(DASHBOARD) for _ in range(10)]

    assert {(status, part(body, "batches")["status"]) for status, body, _ in answers} == {
        (200, "stale")
    }
    assert len(screens.ras.requests) == asked


async def test_an_open_breaker_with_nothing_old_says_when_to_return() -> None:
    async with open_screens(RAS__BREAKER__MINIMUM_CALLS="4") as screens:
        screens.ras.on(BATCHES, Reply(raw=b""))
        while (await breakers(screens))["ras"] == "closed":
            await screens.get(DASHBOARD)

        status, body, headers = await screens.get(DASHBOARD)

    error: dict[str, Any] = body["error"]
    assert (status, error["code"]) == (503, "CIRCUIT_BREAKER_OPEN")
    assert 1 <= int(headers["retry-after"]) <= 6


async def test_ready_tells_of_breakers_before_anyone_asked(screens: Screens) -> None:
    assert await breakers(screens) == dict.fromkeys(
        ("ras", "cms", "files", "content", "identity", "bos", "entitlements", "platform_gateway"),
        "closed",
    )
