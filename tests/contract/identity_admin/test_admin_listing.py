"""Who waits, who stands where, and the history, page by page."""

from datetime import timedelta
from itertools import chain
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.contract.identity_admin.conftest import Desk
from tests.identity_databases import LONG_AGO, Account, register


async def listed(desk: Desk, query: str = "") -> list[str]:
    _, answer = await desk.get(f"/users{query}")
    return [one["user_id"] for one in answer["users"]]


async def test_pending_person_is_shown_with_what_an_admin_needs(desk: Desk, nils: Account) -> None:
    _, answer = await desk.get("/users/pending")

    assert answer["next_cursor"] is None
    assert answer["users"] == [
        {
            "user_id": str(nils.user_id),
            "email": nils.email,
            "first_name": "Nils",
            "last_name": "Ek",
            "display_name": None,
            "org_id": "org-norra",
            "email_verified": True,
            "registered_at": "2026-01-01T00:00:00.000000Z",
            "status": "pending",
            "version": 1,
            "requested_at": "2026-01-01T00:00:00.000000Z",
            "waiting_seconds": 30 * 86_400 + 12 * 3600,
            "decided_at": None,
            "decided_by": None,
            "decided_by_name": None,
            "reason": None,
        }
    ]


async def test_pages_follow_each_other_longest_waiting_first(
    desk: Desk, engine: AsyncEngine, nils: Account
) -> None:
    # Three of them at the same moment: the id decides.
    days = (3, 1, 2, 2, 2)
    crowd = [Account(registered_at=LONG_AGO + timedelta(days=day)) for day in days]
    await register(engine, *crowd)

    pages: list[list[str]] = []
    cursor = ""
    while True:
        _, answer = await desk.get(f"/users/pending?limit=2{cursor}")
        pages.append([one["user_id"] for one in answer["users"]])
        if answer["next_cursor"] is None:
            break
        cursor = f"&cursor={answer['next_cursor']}"

    waiting = sorted([nils, *crowd], key=lambda one: (one.registered_at, one.user_id.hex))
    assert [len(page) for page in pages] == [2, 2, 2]
    assert list(chain(*pages)) == [str(one.user_id) for one in waiting]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"nils", "olga", "admin"}),
        ("?status=pending", {"nils", "olga"}),
        ("?status=approved", {"admin"}),
        ("?status=denied", set()),
        ("?org=org-norra", {"nils"}),
        ("?verified=false", {"olga"}),
        ("?verified=true&status=pending", {"nils"}),
        ("?q=oLgA", {"olga"}),
        ("?q=ek&status=pending", {"nils", "olga"}),
        ("?q=%25", set()),
        ("?q=_", set()),
    ],
)
async def test_filters_narrow_the_list(
    desk: Desk, engine: AsyncEngine, nils: Account, query: str, expected: set[str]
) -> None:
    olga = Account(first_name="Olga", email_verified=False)
    await register(engine, olga)
    names = {
        str(nils.user_id): "nils",
        str(olga.user_id): "olga",
        str(desk.admin.user_id): "admin",
    }

    assert {names[one] for one in await listed(desk, query)} == expected


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("?limit=0", "/limit"),
        ("?limit=101", "/limit"),
        ("?cursor=xx", "/cursor"),
        ("?status=new", "/status"),
        ("?q=", "/q"),
        ("?q=%00", "/q"),
        ("?verified=perhaps", "/verified"),
        ("?colour=red", "/colour"),
    ],
)
async def test_query_that_does_not_fit_is_refused(desk: Desk, query: str, pointer: str) -> None:
    status, answer = await desk.get(f"/users{query}")

    assert status == 400
    assert [flaw["pointer"] for flaw in answer["error"]["details"]["errors"]] == [pointer]


@pytest.fixture
async def history(desk: Desk, nils: Account) -> list[dict[str, Any]]:
    """Three decisions on one person, newest first."""
    path = f"/users/{nils.user_id}"
    await desk.post(f"{path}/deny", {"expected_version": 1, "reason": "unknown"})
    await desk.post(f"{path}/approve", {"expected_version": 2, "note": "called them"})
    await desk.post(f"{path}/deny", {"expected_version": 3, "reason": "left"})
    _, answer = await desk.get("/decisions")
    found: list[dict[str, Any]] = answer["decisions"]
    return found


async def test_history_is_newest_first_with_reasons(history: list[dict[str, Any]]) -> None:
    assert [past["reason"] for past in history] == ["left", "called them", "unknown"]
    assert history[0]["sequence"] > history[1]["sequence"] > history[2]["sequence"]
    assert {past["decided_by_name"] for past in history} == {"Karin Ek"}


async def test_history_pages_by_sequence(desk: Desk, history: list[dict[str, Any]]) -> None:
    _, first = await desk.get("/decisions?limit=2")
    _, second = await desk.get(f"/decisions?limit=2&cursor={first['next_cursor']}")

    assert [*first["decisions"], *second["decisions"]] == history
    assert second["next_cursor"] is None


async def test_history_can_be_asked_for_by_actor_person_and_time(
    desk: Desk, nils: Account, history: list[dict[str, Any]]
) -> None:
    numbers = []
    for query in (
        f"actor={desk.admin.user_id}",
        f"actor={nils.user_id}",
        f"user_id={nils.user_id}",
        "since=2026-01-31T12:00:00Z",
        "since=2026-01-31T13:00:00Z",
    ):
        _, answer = await desk.get(f"/decisions?{query}")
        numbers.append(len(answer["decisions"]))

    assert numbers == [3, 0, 3, 3, 0]
