"""Decisions over HTTP: responses, replays, conflicts, and the rows they write."""

from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from devstack.emulators.identity import tables
from services.identity_admin.implementations.tables import event_outbox
from tests.contract.identity_admin.conftest import AdminClient
from tests.identity_databases import Account, add_pending, add_session, add_users, recorded_writes

NOW = "2026-01-31T12:00:00.000000Z"


async def test_approval_returns_the_new_state(client: AdminClient, nils: Account) -> None:
    body = {"expected_version": 1, "note": " seen the papers "}

    status, answer, headers = await client.post(f"/users/{nils.user_id}/approve", body)

    assert status == 200
    assert answer == {
        "user_id": str(nils.user_id),
        "status": "approved",
        "version": 2,
        "decided_at": NOW,
        "decided_by": str(client.admin.user_id),
        "decided_by_name": "Karin Ek",
        "reason": "seen the papers",
    }
    assert "idempotent-replay" not in headers


@pytest.mark.parametrize("version", [1, 2, 7])
async def test_same_decision_again_returns_the_same_and_writes_nothing(
    client: AdminClient, engine: AsyncEngine, nils: Account, version: int
) -> None:
    path = f"/users/{nils.user_id}/approve"
    _, first, _ = await client.post(path, {"expected_version": 1})

    status, second, headers = await client.post(path, {"expected_version": version})

    assert (status, second) == (200, first)
    assert headers["idempotent-replay"] == "true"
    writes = await recorded_writes(engine, nils.user_id)
    assert (writes.history, writes.audits, writes.events) == (1, 1, 1)


async def test_opposite_decision_on_an_old_version_conflicts(
    client: AdminClient, nils: Account
) -> None:
    await client.post(f"/users/{nils.user_id}/approve", {"expected_version": 1})

    body = {"expected_version": 1, "reason": "unknown school"}
    status, answer, _ = await client.post(f"/users/{nils.user_id}/deny", body)

    assert status == 409
    assert answer["error"]["code"] == "CONFLICT"
    assert answer["error"]["service"] == "identity_service"
    assert answer["error"]["details"]["current"] == {
        "status": "approved",
        "version": 2,
        "decided_at": NOW,
        "decided_by": str(client.admin.user_id),
        "decided_by_name": "Karin Ek",
    }


async def test_denied_account_can_be_approved_and_denied_again(
    client: AdminClient, engine: AsyncEngine, nils: Account
) -> None:
    deny, approve = f"/users/{nils.user_id}/deny", f"/users/{nils.user_id}/approve"

    statuses = [
        (await client.post(deny, {"expected_version": 1, "reason": "unknown"}))[0],
        (await client.post(approve, {"expected_version": 2}))[0],
        (await client.post(deny, {"expected_version": 3, "reason": "left"}))[0],
    ]

    _, shown = await client.get(f"/users/{nils.user_id}")
    assert statuses == [200, 200, 200]
    assert [(past["from_status"], past["to_status"]) for past in shown["history"]] == [
        ("pending", "denied"),
        ("denied", "approved"),
        ("approved", "denied"),
    ]
    assert [past["version"] for past in shown["history"]] == [2, 3, 4]


async def test_denial_ends_both_kinds_of_session(
    client: AdminClient, engine: AsyncEngine, nils: Account
) -> None:
    await client.post(f"/users/{nils.user_id}/approve", {"expected_version": 1})
    await add_session(engine, nils.user_id)

    body = {"expected_version": 2, "reason": "left"}
    await client.post(f"/users/{nils.user_id}/deny", body)

    async with engine.connect() as connection:
        kept = select(func.count()).select_from(tables.refresh_sessions)
        shown = select(tables.user_sessions.c.revoked_at)
        assert (await connection.execute(kept)).scalar_one() == 0
        assert (await connection.execute(shown)).scalar_one() is not None


async def test_own_account_cannot_be_decided_on(client: AdminClient) -> None:
    body = {"expected_version": 1, "reason": "enough"}

    status, answer, _ = await client.post(f"/users/{client.admin.user_id}/deny", body)

    assert status == 403
    assert answer["error"]["details"] == {"reason": "own_account"}


@pytest.mark.parametrize(
    "user_id", ["7d1c2f6e-4b0a-4c8e-9f35-61d2a8b7c904", "unknown", "1' OR '1'='1"]
)
async def test_missing_account_is_not_found(client: AdminClient, user_id: str) -> None:
    status, answer, _ = await client.post(f"/users/{user_id}/approve", {"expected_version": 1})

    assert (status, answer["error"]["code"]) == (404, "RESOURCE_NOT_FOUND")


async def test_account_without_an_approval_row_can_be_decided_on(
    client: AdminClient, engine: AsyncEngine
) -> None:
    account = Account()
    await add_users(engine, [account])

    _, shown = await client.get(f"/users/{account.user_id}")
    status, answer, _ = await client.post(
        f"/users/{account.user_id}/approve", {"expected_version": shown["version"]}
    )

    assert (shown["status"], shown["version"]) == ("pending", 1)
    assert (status, answer["version"]) == (200, 2)


async def test_event_has_the_envelope_of_the_platform(
    client: AdminClient, engine: AsyncEngine, nils: Account
) -> None:
    await client.post(f"/users/{nils.user_id}/approve", {"expected_version": 1})

    async with engine.connect() as connection:
        row = (await connection.execute(select(event_outbox))).mappings().one()
    event, topic = row["event_data"], "huleedu.identity.user.approved.v1"
    assert (row["topic"], row["event_type"], event["event_type"]) == (topic, topic, topic)
    assert (row["aggregate_id"], row["event_key"]) == (str(nils.user_id), str(nils.user_id))
    assert event["event_id"] == str(row["id"])
    assert event["source_service"] == "identity_service"
    assert event["data"] == {
        "user_id": str(nils.user_id),
        "org_id": "org-norra",
        "previous_status": "pending",
        "version": 2,
        "decided_at": NOW,
        "decided_by": str(client.admin.user_id),
        "reason": None,
        "correlation_id": event["correlation_id"],
    }


async def test_audit_row_names_actor_and_target(
    client: AdminClient, engine: AsyncEngine, nils: Account
) -> None:
    await client.post(f"/users/{nils.user_id}/deny", {"expected_version": 1, "reason": "unknown"})

    async with engine.connect() as connection:
        row = (await connection.execute(select(tables.audit_logs))).mappings().one()
    assert (row["action"], row["user_id"]) == ("user_denied", client.admin.user_id)
    assert row["details"] == {
        "target_user_id": str(nils.user_id),
        "from": "pending",
        "to": "denied",
        "version": 2,
        "reason": "unknown",
        "service": "bff-admin-service",
    }


async def test_hundred_decisions_in_one_request_have_a_result_each(
    client: AdminClient, engine: AsyncEngine
) -> None:
    accounts = [Account() for _ in range(98)]
    await add_pending(engine, *accounts)
    items = [
        {"user_id": str(one.user_id), "decision": "approve", "expected_version": 1}
        for one in accounts
    ]
    refused_items = [
        {"user_id": str(uuid4()), "decision": "approve", "expected_version": 1},
        {
            "user_id": str(accounts[0].user_id),
            "decision": "deny",
            "expected_version": 1,
            "reason": "second thoughts",
        },
    ]

    status, answer, _ = await client.post("/users/decisions", {"items": [*items, *refused_items]})

    outcomes = [one["outcome"] for one in answer["results"]]
    assert status == 200
    assert outcomes == ["decided"] * 98 + ["not_found", "conflict"]
    assert answer["results"][99]["error"]["details"]["current"]["status"] == "approved"


async def test_invalid_body_lists_its_errors(client: AdminClient, nils: Account) -> None:
    body = {"expected_version": "one", "why": "?"}

    status, answer, _ = await client.post(f"/users/{nils.user_id}/deny", body)

    pointers = {error["pointer"] for error in answer["error"]["details"]["errors"]}
    assert status == 400
    assert pointers == {"/expected_version", "/reason", "/why"}


async def test_body_larger_than_the_limit_is_refused(client: AdminClient, nils: Account) -> None:
    body = {"expected_version": 1, "note": "x" * 300_000}

    status, answer, _ = await client.post(f"/users/{nils.user_id}/approve", body)

    assert (status, answer["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
