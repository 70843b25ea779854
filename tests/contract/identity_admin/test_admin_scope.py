"""With scope `org`, an account of another organisation does not exist for an admin."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import TableClause, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.testing import FakeClock
from services.identity_admin.app import create_app
from services.identity_admin.implementations.tables import (
    audit_logs,
    event_outbox,
    user_approvals,
    user_decisions,
    users,
)
from tests.contract.identity_admin.conftest import AdminClient, settings_for
from tests.contract.identity_admin.test_admin_access import ROUTES
from tests.identity_databases import Account, add_approved, add_pending, add_users, sqlite_url

NORRA, SODRA = "org-norra", "org-sodra"
DECISIONS = {
    "approve": {"expected_version": 1},
    "deny": {"expected_version": 1, "reason": "unknown"},
    "deactivate": {"expected_version": 1, "reason": "on leave"},
    "reactivate": {"expected_version": 1, "reason": "back"},
}
WATCHED_TABLES = (user_approvals, user_decisions, audit_logs, event_outbox)


@pytest.fixture
def admin() -> Account:
    return Account(roles=("teacher", "admin"), first_name="Karin", org_id=NORRA)


@pytest.fixture
async def strangers(engine: AsyncEngine) -> dict[str, Account]:
    """Accounts of another organisation and of none, in every place of the queue."""
    pending, approved = Account(org_id=SODRA), Account(org_id=SODRA)
    nowhere, without_row = Account(), Account(org_id=SODRA)
    await add_pending(engine, pending, nowhere)
    await add_approved(engine, approved)
    await add_users(engine, [without_row])
    return {
        "pending": pending,
        "approved": approved,
        "of no organisation": nowhere,
        "without a row": without_row,
    }


@pytest.fixture
async def client(engine: AsyncEngine, tmp_path: Path, admin: Account) -> AsyncIterator[AdminClient]:
    settings = settings_for(
        sqlite_url(tmp_path),
        IDENTITY_ADMIN_SCOPE="org",
        IDENTITY_ADMIN_UNLIMITED_ROLE="superadmin",
    )
    app = create_app(settings, clock=FakeClock())
    async with app.test_app():
        yield AdminClient(app.test_client(), admin)


async def rows_of(
    engine: AsyncEngine, tables: tuple[TableClause, ...] = WATCHED_TABLES
) -> list[Any]:
    async with engine.connect() as connection:
        return [(await connection.execute(select(table))).all() for table in tables]


def same_but_for_the_request(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer["error"], "correlation_id": "", "timestamp": ""}


async def test_account_of_another_organisation_answers_as_one_that_does_not_exist(
    client: AdminClient, engine: AsyncEngine, strangers: dict[str, Account]
) -> None:
    before = await rows_of(engine)
    asked = {f"POST {one}": (f"/{one}", body) for one, body in DECISIONS.items()}

    for name, (path, body) in asked.items():
        status, missing, _ = await client.post(f"/users/{uuid4()}{path}", body)
        assert status == 404
        for kind, stranger in strangers.items():
            status, answer, _ = await client.post(f"/users/{stranger.user_id}{path}", body)

            assert status == 404, (name, kind)
            assert same_but_for_the_request(answer) == same_but_for_the_request(missing)
    _, missing = await client.get(f"/users/{uuid4()}")
    for kind, stranger in strangers.items():
        status, answer = await client.get(f"/users/{stranger.user_id}")

        assert status == 404, kind
        assert same_but_for_the_request(answer) == same_but_for_the_request(missing)
    assert await rows_of(engine) == before


async def test_decisions_on_many_leave_another_organisation_s_out(
    client: AdminClient, engine: AsyncEngine, nils: Account, strangers: dict[str, Account]
) -> None:
    ids = [nils.user_id, *(one.user_id for one in strangers.values())]
    items = [{"user_id": str(one), "decision": "approve", "expected_version": 1} for one in ids]

    _, answer, _ = await client.post("/users/decisions", {"items": items})

    outcomes = [one["outcome"] for one in answer["results"]]
    assert outcomes == ["decided", *["not_found"] * len(strangers)]
    (_, decisions, audits, events) = await rows_of(engine)
    assert [len(decisions), len(audits), len(events)] == [1, 1, 1]


async def test_lists_pages_and_searches_hold_the_own_organisation_only(
    client: AdminClient, engine: AsyncEngine, nils: Account, strangers: dict[str, Account]
) -> None:
    own = {str(nils.user_id), str(client.admin.user_id)}
    queries = ("", "?status=approved", "?q=demo.example", f"?org={SODRA}", "?verified=true")

    for query in queries:
        _, answer = await client.get(f"/users{query}")
        assert {one["user_id"] for one in answer["users"]} <= own, query
        assert answer["next_cursor"] is None
    _, first = await client.get("/users?limit=1")
    _, second = await client.get(f"/users?limit=1&cursor={first['next_cursor']}")
    assert {one["user_id"] for one in first["users"] + second["users"]} == own
    assert second["next_cursor"] is None
    _, answer = await client.get(f"/users/pending?org={SODRA}")
    assert answer["users"] == []


async def test_history_holds_decisions_on_the_own_organisation_only(
    client: AdminClient, engine: AsyncEngine, nils: Account, strangers: dict[str, Account]
) -> None:
    everyone = Account(roles=("admin", "superadmin"))
    await add_approved(engine, everyone)
    unlimited = AdminClient(client.http, everyone)
    for one in (nils, strangers["pending"]):
        body = {"expected_version": 1}
        status, _, _ = await unlimited.post(f"/users/{one.user_id}/approve", body)
        assert status == 200

    _, all_of_them = await unlimited.get("/decisions")
    _, own = await client.get("/decisions")
    _, of_stranger = await client.get(f"/decisions?user_id={strangers['pending'].user_id}")
    _, of_actor = await client.get(f"/decisions?actor={everyone.user_id}")

    assert len(all_of_them["decisions"]) == 2
    assert [one["user_id"] for one in own["decisions"]] == [str(nils.user_id)]
    assert of_stranger["decisions"] == []
    assert of_actor == own


@pytest.mark.parametrize("org_id", [None, "", " "])
async def test_admin_of_no_organisation_is_refused_on_every_route(
    client: AdminClient, engine: AsyncEngine, nils: Account, org_id: str | None
) -> None:
    async with engine.begin() as connection:
        same_user = users.c.id == client.admin.user_id
        await connection.execute(update(users).where(same_user).values(org_id=org_id))
    before = await rows_of(engine)

    for method, path in sorted(ROUTES):
        url = path.replace("<user_id>", str(nils.user_id))
        answer = await client.http.open(url, method=method, headers=client.headers())  # type: ignore[call-arg]  # its protocol lacks a default

        error = (await answer.get_json())["error"]
        assert (answer.status_code, error["code"]) == (403, "AUTHORIZATION_ERROR"), path
        assert error["details"] == {"reason": "no_organisation"}
    assert await rows_of(engine) == before


async def test_organisation_of_the_table_counts_not_that_of_the_token(
    client: AdminClient, engine: AsyncEngine, nils: Account, strangers: dict[str, Account]
) -> None:
    async with engine.begin() as connection:
        same_user = users.c.id == client.admin.user_id
        await connection.execute(update(users).where(same_user).values(org_id=SODRA))

    old, _ = await client.get(f"/users/{nils.user_id}")
    new, _ = await client.get(f"/users/{strangers['pending'].user_id}")

    assert (old, new) == (404, 200)
