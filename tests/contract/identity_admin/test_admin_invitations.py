"""Invitations over HTTP: the account, its rows and events, repeats and taken addresses."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from devstack.emulators.identity import tables
from services.identity_admin.implementations.gate import SignInGate
from services.identity_admin.implementations.tables import user_invitations, users
from tests.contract.identity_admin.conftest import AdminClient
from tests.identity_databases import Account, recorded_writes

MAJA = {"email": "Maja.Ek@skola.example", "first_name": "Maja", "last_name": "Ek", "note": "new"}
NOW = "2026-01-31T12:00:00.000000Z"


async def invite(
    client: AdminClient, body: dict[str, Any] | None = None, key: str | None = "key-1"
) -> tuple[int, Any, dict[str, str]]:
    return await client.post("/users/invite", body or MAJA, **{"Idempotency-Key": key})


async def count(engine: AsyncEngine, table: Any) -> int:
    async with engine.connect() as connection:
        number: int = (
            await connection.execute(select(func.count()).select_from(table))
        ).scalar_one()
        return number


@pytest.fixture
async def of_norra(engine: AsyncEngine, admin: Account) -> None:
    async with engine.begin() as connection:
        same_user = users.c.id == admin.user_id
        await connection.execute(update(users).where(same_user).values(org_id="org-norra"))


@pytest.mark.usefixtures("of_norra")
async def test_invited_account_is_approved_and_of_the_admin_s_organisation(
    client: AdminClient, engine: AsyncEngine
) -> None:
    gate = await SignInGate.open(engine)

    status, answer, headers = await invite(client)

    assert status == 201
    assert "idempotent-replay" not in headers
    assert answer == {
        "user_id": answer["user_id"],
        "email": "maja.ek@skola.example",
        "first_name": "Maja",
        "last_name": "Ek",
        "org_id": "org-norra",
        "status": "approved",
        "version": 2,
        "invited_at": NOW,
        "expires_at": "2026-02-07T12:00:00.000000Z",
    }
    assert await gate.refusal(UUID(answer["user_id"])) is None
    _, shown = await client.get(f"/users/{answer['user_id']}")
    assert (shown["status"], shown["version"], shown["email_verified"]) == ("approved", 2, True)
    (past,) = shown["history"]
    assert (past["action"], past["from_status"], past["to_status"]) == (
        "invite",
        "pending",
        "approved",
    )
    assert (past["decided_by_name"], past["reason"]) == ("Karin Ek", "new")


async def test_mailed_token_sets_the_password_and_no_password_fits_before(
    client: AdminClient, engine: AsyncEngine
) -> None:
    _, answer, _ = await invite(client)

    user_id = UUID(answer["user_id"])
    async with engine.connect() as connection:
        user = (
            await connection.execute(select(tables.users).where(tables.users.c.id == user_id))
        ).one()
        token = (await connection.execute(select(tables.password_reset_tokens))).one()
    # The platform's mail holds the row's id, and its reset looks for the token.
    assert (token.token, token.user_id, token.used_at) == (str(token.id), user_id, None)
    assert token.expires_at - token.created_at == timedelta(days=7)
    assert user.roles == ["teacher"]
    for guess in ("", "none", user.password_hash):
        with pytest.raises(VerifyMismatchError):
            PasswordHasher().verify(user.password_hash, guess)


async def test_events_and_audit_are_written_with_the_account(
    client: AdminClient, engine: AsyncEngine
) -> None:
    _, answer, _ = await invite(client)

    columns = tables.event_outbox.c
    async with engine.connect() as connection:
        query = select(columns.topic, columns.event_data).order_by(columns.created_at)
        events = (await connection.execute(query)).all()
        audit = (await connection.execute(select(tables.audit_logs))).one()
        token = (await connection.execute(select(tables.password_reset_tokens.c.id))).scalar_one()
    assert [topic for topic, _ in events] == [
        "huleedu.identity.user.registered.v1",
        "huleedu.identity.user.approved.v1",
        "huleedu.identity.password.reset.requested.v1",
    ]
    mail = events[2][1]["data"]
    assert mail == {
        "user_id": answer["user_id"],
        "email": "maja.ek@skola.example",
        "token_id": str(token),
        "expires_at": "2026-02-07T12:00:00.000000Z",
        "correlation_id": mail["correlation_id"],
    }
    assert (audit.action, audit.user_id) == ("user_invited", client.admin.user_id)
    assert audit.details["target_user_id"] == answer["user_id"]


async def test_same_submission_again_makes_no_second_account(
    client: AdminClient, engine: AsyncEngine
) -> None:
    _, first, _ = await invite(client)
    await client.post(
        f"/users/{first['user_id']}/deactivate", {"expected_version": 2, "reason": "a mistake"}
    )

    status, second, headers = await invite(client)

    assert (status, second) == (201, first)
    assert headers["idempotent-replay"] == "true"
    assert (await recorded_writes(engine, UUID(first["user_id"]))).status == "deactivated"
    assert await count(engine, tables.password_reset_tokens) == 1


async def test_submissions_at_once_make_one_account(
    client: AdminClient, engine: AsyncEngine
) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(invite(client)) for _ in range(5)]
    answers = [task.result() for task in tasks]

    assert [status for status, _, _ in answers] == [201] * 5
    assert len({body["user_id"] for _, body, _ in answers}) == 1
    assert sum("idempotent-replay" in headers for _, _, headers in answers) == 4
    assert await count(engine, user_invitations) == 1


async def test_key_of_another_submission_is_refused(client: AdminClient) -> None:
    await invite(client)

    status, answer, _ = await invite(client, {**MAJA, "email": "other@skola.example"})

    assert (status, answer["error"]["details"]) == (409, {"reason": "idempotency_key_reused"})


async def test_submission_without_a_key_is_refused(
    client: AdminClient, engine: AsyncEngine
) -> None:
    status, answer, _ = await invite(client, key=None)

    assert (status, answer["error"]["code"]) == (428, "PRECONDITION_REQUIRED")
    assert await count(engine, user_invitations) == 0


async def test_taken_address_is_refused_without_a_word_about_its_account(
    client: AdminClient, engine: AsyncEngine, nils: Account
) -> None:
    before = await count(engine, tables.users)

    status, answer, _ = await invite(client, {**MAJA, "email": nils.email.upper()})

    error = answer["error"]
    assert (status, error["details"]) == (409, {"reason": "address_taken"})
    assert str(nils.user_id) not in str(error)
    assert await count(engine, tables.users) == before
    # The key is free again: the same submission may be mended and sent.
    status, _, _ = await invite(client)
    assert status == 201


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "maja"),
        ("email", "maja@skola.local"),
        ("email", "a" * 250 + "@skola.example"),
        ("first_name", " "),
        ("last_name", "E\u0000k"),
        ("last_name", "x" * 256),
        ("roles", ["admin"]),
        ("org_id", "org-sodra"),
    ],
)
async def test_invalid_submission_names_the_field(
    client: AdminClient, engine: AsyncEngine, field: str, value: object
) -> None:
    status, answer, _ = await invite(client, {**MAJA, field: value})

    assert status == 400
    assert [one["pointer"] for one in answer["error"]["details"]["errors"]] == [f"/{field}"]
    assert await count(engine, user_invitations) == 0
