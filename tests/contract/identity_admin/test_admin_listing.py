"""Lists of accounts and decisions: content, filters and pages."""

from datetime import timedelta
from itertools import chain
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.contract.identity_admin.conftest import AdminClient
from tests.identity_databases import LONG_AGO, Account, add_pending


async def listed_ids(client: AdminClient, query: str = "") -> list[str]:
    _, answer = await client.get(f"/users{query}")
    return [one["user_id"] for one in answer["users"]]


async def test_pending_account_has_every_field(client: AdminClient, nils: Account) -> None:
    _, answer = await client.get("/users/pending")

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
    client: AdminClient, engine: AsyncEngine, nils: Account
) -> None:
    # Three of them registered at the same time: the id decides.
    days = (3, 1, 2, 2, 2)
    accounts = [Account(registered_at=LONG_AGO + timedelta(days=day)) for day in days]
    await add_pending(engine, *accounts)

    pages: list[list[str]] = []
    cursor = ""
    while True:
        _, answer = await client.get(f"/users/pending?limit=2{cursor}")
        pages.append([one["user_id"] for one in answer["users"]])
        if answer["next_cursor"] is None:
            break
        cursor = f"&cursor={answer['next_cursor']}"

    waiting = sorted([nils, *accounts], key=lambda one: (one.registered_at, one.user_id.hex))
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
    client: AdminClient, engine: AsyncEngine, nils: Account, query: str, expected: set[str]
) -> None:
    olga = Account(first_name="Olga", email_verified=False)
    await add_pending(engine, olga)
    names = {
        str(nils.user_id): "nils",
        str(olga.user_id): "olga",
        str(client.admin.user_id): "admin",
    }

    assert {names[one] for one in await listed_ids(client, query)} == expected


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
async def test_invalid_query_is_refused(client: AdminClient, query: str, pointer: str) -> None:
    status, answer = await client.get(f"/users{query}")

    assert status == 400
    assert [error["pointer"] for error in answer["error"]["details"]["errors"]] == [pointer]


@pytest.fixture
async def history(client: AdminClient, nils: Account) -> list[dict[str, Any]]:
    """Three decisions on one account, newest first."""
    path = f"/users/{nils.user_id}"
    await client.post(f"{path}/deny", {"expected_version": 1, "reason": "unknown"})
    await client.post(f"{path}/approve", {"expected_version": 2, "note": "called them"})
    await client.post(f"{path}/deny", {"expected_version": 3, "reason": "left"})
    _, answer = await client.get("/decisions")
    found: list[dict[str, Any]] = answer["decisions"]
    return found


async def test_decisions_are_newest_first_with_reasons(history: list[dict[str, Any]]) -> None:
    assert [past["reason"] for past in history] == ["left", "called them", "unknown"]
    assert history[0]["sequence"] > history[1]["sequence"] > history[2]["sequence"]
    assert {past["decided_by_name"] for past in history} == {"Karin Ek"}


async def test_decisions_are_paged_by_sequence(
    client: AdminClient, history: list[dict[str, Any]]
) -> None:
    _, first = await client.get("/decisions?limit=2")
    _, second = await client.get(f"/decisions?limit=2&cursor={first['next_cursor']}")

    assert [*first["decisions"], *second["decisions"]] == history
    assert second["next_cursor"] is None


async def test_decisions_are_filtered_by_actor_user_and_time(
    client: AdminClient, nils: Account, history: list[dict[str, Any]]
) -> None:
    counts = []
    for query in (
        f"actor={client.admin.user_id}",
        f"actor={nils.user_id}",
        f"user_id={nils.user_id}",
        "since=2026-01-31T12:00:00Z",
        "since=2026-01-31T13:00:00Z",
    ):
        _, answer = await client.get(f"/decisions?{query}")
        counts.append(len(answer["decisions"]))

    assert counts == [3, 0, 3, 3, 0]
