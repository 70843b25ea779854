"""Registration and e-mail verification answer as the platform's Identity does."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as QuartClient
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bff_core.testing.clock import FakeClock
from devstack.emulators.identity import IdentityEmulatorSettings, create_app
from devstack.emulators.identity.service import EXTENSION, Approval
from devstack.emulators.identity.tables import event_outbox, user_profiles, users
from tests.contract.emulators.identity.people import SignedIn

REGISTER = "/v1/auth/register"
NEW = {
    "email": "Ny@Polhem.example",
    "password": "",
    "person_name": {"first_name": "Ny", "last_name": "Lärare"},
    "organization_name": "Polhem",
    "org_id": "any-tenant-i-like",
}


async def rows(app: Quart, statement: Select[Any]) -> Sequence[Any]:
    async with app.extensions[EXTENSION].engine.connect() as connection:
        found: Sequence[Any] = (await connection.execute(statement)).all()
        return found


async def verification_token(client: QuartClient) -> str:
    letters = (await (await client.get("/_devstack/mail")).get_json())["mail"]
    token: str = letters[0]["token"]
    return token


async def test_register_is_201_and_believes_the_organisation(client: QuartClient) -> None:
    answer = await client.post(REGISTER, json=NEW)

    found = await answer.get_json()
    assert answer.status_code == 201
    assert UUID(found.pop("user_id"))
    assert found == {
        "email": "ny@polhem.example",
        "org_id": "any-tenant-i-like",
        "email_verification_required": True,
    }


async def test_everybody_becomes_a_teacher(app: Quart, client: QuartClient) -> None:
    await client.post(REGISTER, json={**NEW, "roles": ["admin"]})

    found = await rows(app, select(users.c.roles).where(users.c.email == "ny@polhem.example"))
    assert found == [(["teacher"],)]


async def test_known_email_is_400_whatever_its_case(client: QuartClient) -> None:
    await client.post(REGISTER, json=NEW)

    answer = await client.post(REGISTER, json={**NEW, "email": "ny@polhem.example"})

    error = (await answer.get_json())["error"]
    assert answer.status_code == 400
    assert error["error_code"] == "IDENTITY_USER_ALREADY_EXISTS"
    assert error["message"] == "User already exists with email: ny@polhem.example"
    assert error["details"] == {"email": "ny@polhem.example"}
    assert error["operation"] == "register"


@pytest.mark.parametrize("missing", ["email", "password", "person_name", "organization_name"])
async def test_registration_without_a_field_is_500(client: QuartClient, missing: str) -> None:
    body = {name: value for name, value in NEW.items() if name != missing}

    answer = await client.post(REGISTER, json=body)

    assert answer.status_code == 500
    assert await answer.get_json() == {"error": "Internal server error"}


async def test_registration_writes_two_events_in_envelopes(app: Quart, client: QuartClient) -> None:
    await client.post(REGISTER, json=NEW)

    found = await rows(app, select(event_outbox.c.topic, event_outbox.c.event_data))
    events = dict(found)
    registered = events["huleedu.identity.user.registered.v1"]
    asked = events["huleedu.identity.email.verification.requested.v1"]
    assert registered["source_service"] == "identity_service"
    assert registered["schema_version"] == 1
    assert registered["topic"] == registered["event_type"]
    assert registered["data"]["org_id"] == "any-tenant-i-like"
    assert set(asked["data"]) == {
        "user_id",
        "email",
        "verification_token",
        "expires_at",
        "correlation_id",
    }


async def test_verified_email_may_sign_in_at_once(client: QuartClient, sign_in: SignedIn) -> None:
    await client.post(REGISTER, json={**NEW, "password": "Demo-Pass-2026!"})
    assert "error" in await sign_in(NEW["email"])

    body = {"token": await verification_token(client)}
    answer = await client.post("/v1/auth/verify-email", json=body)

    assert answer.status_code == 200
    assert set(await answer.get_json()) == {"message"}
    assert "access_token" in await sign_in(NEW["email"])


@pytest.mark.parametrize(
    ("hours", "code"),
    [(23, None), (25, "IDENTITY_VERIFICATION_TOKEN_EXPIRED")],
)
async def test_verification_token_lives_24_hours(
    client: QuartClient, clock: FakeClock, hours: int, code: str | None
) -> None:
    await client.post(REGISTER, json=NEW)
    body = {"token": await verification_token(client)}
    clock.advance(hours * 3600)

    answer = await client.post("/v1/auth/verify-email", json=body)

    found = await answer.get_json()
    assert found.get("error", {}).get("error_code") == code


async def test_a_newer_verification_token_replaces_the_older(
    client: QuartClient, clock: FakeClock
) -> None:
    await client.post(REGISTER, json=NEW)
    older = await verification_token(client)
    clock.advance(1)
    await client.post("/v1/auth/resend-verification", json={"email": NEW["email"]})

    answer = await client.post("/v1/auth/verify-email", json={"token": older})

    error = (await answer.get_json())["error"]
    assert answer.status_code == 400
    assert error["error_code"] == "IDENTITY_VERIFICATION_TOKEN_INVALID"


@pytest.mark.parametrize("route", ["resend-verification", "request-email-verification"])
@pytest.mark.parametrize(
    ("email", "code"),
    [
        ("who@nowhere.example", "IDENTITY_USER_NOT_FOUND"),
        ("anna@demo.example", "IDENTITY_EMAIL_ALREADY_VERIFIED"),
    ],
)
async def test_asking_for_verification_gives_away_who_is_known(
    client: QuartClient, route: str, email: str, code: str | None
) -> None:
    answer = await client.post(f"/v1/auth/{route}", json={"email": email})

    assert answer.status_code == 400
    assert (await answer.get_json())["error"]["error_code"] == code


async def test_asking_for_verification_answers_its_correlation_id(
    client: QuartClient,
) -> None:
    answer = await client.post("/v1/auth/resend-verification", json={"email": "sara@demo.example"})

    found = await answer.get_json()
    assert set(found) == {"message", "correlation_id"}
    assert UUID(found["correlation_id"])


async def test_asking_without_an_email_is_400_in_bare_text(client: QuartClient) -> None:
    answer = await client.post("/v1/auth/resend-verification", json={})

    assert answer.status_code == 400
    assert isinstance((await answer.get_json())["error"], str)


async def test_a_bad_bearer_is_401_where_a_token_is_optional(client: QuartClient) -> None:
    headers = {"Authorization": "Bearer garbage"}

    answer = await client.post("/v1/auth/request-email-verification", json={}, headers=headers)

    assert answer.status_code == 401


class FailingApproval(Approval):
    async def registered(self, connection: AsyncConnection, user_id: UUID, at: datetime) -> None:
        raise RuntimeError("the pending row could not be written")


async def test_a_failing_approval_undoes_the_registration(
    settings: IdentityEmulatorSettings,
) -> None:
    app = create_app(settings, approval=FailingApproval())
    async with app.test_app():
        answer = await app.test_client().post(REGISTER, json=NEW)

        assert answer.status_code == 500
        assert await rows(app, select(users.c.id)) == []
        assert await rows(app, select(user_profiles.c.user_id)) == []
        assert await rows(app, select(event_outbox.c.id)) == []
