"""Deactivation and reactivation over HTTP."""

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from devstack.emulators.identity import tables
from services.identity_admin.implementations.gate import SignInGate
from services.identity_admin.implementations.tables import user_revocations, users
from tests.contract.identity_admin.conftest import AdminClient
from tests.identity_databases import (
    Account,
    add_approved,
    add_session,
    an_admin,
    recorded_writes,
)

ON_LEAVE = {"expected_version": 1, "reason": "on leave"}
BACK = {"expected_version": 2, "reason": "back again"}


@pytest.fixture
async def maja(engine: AsyncEngine) -> Account:
    account = Account(first_name="Maja", org_id="org-norra")
    await add_approved(engine, account)
    await add_session(engine, account.user_id)
    return account


async def test_deactivation_ends_sessions_tokens_and_sign_in_until_reactivation(
    client: AdminClient, engine: AsyncEngine, maja: Account
) -> None:
    gate = await SignInGate.open(engine)

    status, answer, _ = await client.post(f"/users/{maja.user_id}/deactivate", ON_LEAVE)

    assert (status, answer["status"], answer["version"]) == (200, "deactivated", 2)
    assert answer["reason"] == "on leave"
    refusal = await gate.refusal(maja.user_id)
    assert refusal is not None
    assert (refusal.code, refusal.reason) == ("IDENTITY_ACCESS_DENIED", "account_deactivated")
    async with engine.connect() as connection:
        sessions = select(func.count()).select_from(tables.refresh_sessions)
        marks = select(user_revocations.c.user_id)
        assert (await connection.execute(sessions)).scalar_one() == 0
        assert (await connection.execute(marks)).scalars().all() == [maja.user_id]

    status, answer, _ = await client.post(f"/users/{maja.user_id}/reactivate", BACK)

    assert (status, answer["status"], answer["version"]) == (200, "approved", 3)
    assert await gate.refusal(maja.user_id) is None
    writes = await recorded_writes(engine, maja.user_id)
    assert (writes.history, writes.audits, writes.events) == (2, 2, 2)
    async with engine.connect() as connection:
        audit = select(tables.audit_logs.c.action).order_by(tables.audit_logs.c.created_at)
        topics = select(tables.event_outbox.c.topic).order_by(tables.event_outbox.c.created_at)
        assert (await connection.execute(audit)).scalars().all() == [
            "user_deactivated",
            "user_reactivated",
        ]
        assert (await connection.execute(topics)).scalars().all() == [
            "huleedu.identity.user.deactivated.v1",
            "huleedu.identity.user.reactivated.v1",
        ]


async def test_same_deactivation_again_writes_nothing(
    client: AdminClient, engine: AsyncEngine, maja: Account
) -> None:
    path = f"/users/{maja.user_id}/deactivate"
    _, first, _ = await client.post(path, ON_LEAVE)

    status, second, headers = await client.post(path, ON_LEAVE)

    assert (status, second) == (200, first)
    assert headers["idempotent-replay"] == "true"
    assert (await recorded_writes(engine, maja.user_id)).history == 1


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("deny", {"expected_version": 2, "reason": "left"}),
        ("approve", {"expected_version": 2}),
    ],
)
async def test_deactivated_account_is_reactivated_first(
    client: AdminClient, maja: Account, action: str, body: dict[str, object]
) -> None:
    await client.post(f"/users/{maja.user_id}/deactivate", ON_LEAVE)

    status, answer, _ = await client.post(f"/users/{maja.user_id}/{action}", body)

    details = answer["error"]["details"]
    assert (status, details["reason"]) == (409, "not_from_this_state")
    assert details["current"]["status"] == "deactivated"


async def test_waiting_account_cannot_be_deactivated(client: AdminClient, nils: Account) -> None:
    status, answer, _ = await client.post(f"/users/{nils.user_id}/deactivate", ON_LEAVE)

    assert (status, answer["error"]["details"]["reason"]) == (409, "not_from_this_state")


async def test_reason_is_required(client: AdminClient, maja: Account) -> None:
    for action in ("deactivate", "reactivate"):
        body = {"expected_version": 1}
        status, answer, _ = await client.post(f"/users/{maja.user_id}/{action}", body)

        assert status == 400
        assert answer["error"]["details"]["errors"][0]["pointer"] == "/reason"


async def test_own_account_cannot_be_deactivated(client: AdminClient) -> None:
    status, answer, _ = await client.post(f"/users/{client.admin.user_id}/deactivate", ON_LEAVE)

    assert (status, answer["error"]["details"]) == (403, {"reason": "own_account"})


@pytest.mark.parametrize("action", ["deactivate", "deny"])
async def test_last_admin_of_an_organisation_keeps_access(
    client: AdminClient, engine: AsyncEngine, maja: Account, action: str
) -> None:
    first, second = an_admin(), an_admin()
    await add_approved(engine, first, second)
    async with engine.begin() as connection:
        ids = users.c.id.in_([first.user_id, second.user_id])
        await connection.execute(update(users).where(ids).values(org_id="org-norra"))

    allowed, _, _ = await client.post(f"/users/{first.user_id}/{action}", ON_LEAVE)
    refused, answer, _ = await client.post(f"/users/{second.user_id}/{action}", ON_LEAVE)

    assert (allowed, refused) == (200, 409)
    assert answer["error"]["details"] == {"reason": "last_admin"}
    assert (await recorded_writes(engine, second.user_id)).status == "approved"
