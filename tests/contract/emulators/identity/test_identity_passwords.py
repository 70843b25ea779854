"""Password resets that cannot work by mail, and changes that do."""

from uuid import UUID

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as QuartClient
from sqlalchemy import select

from bff_core.testing.clock import FakeClock
from devstack.emulators.identity.service import EXTENSION
from devstack.emulators.identity.tables import password_reset_tokens
from tests.contract.emulators.identity.people import SignedIn, SomePerson

RESET = "/v1/auth/reset-password"
CHANGE = "/v1/auth/change-password"


async def mailed(client: QuartClient, email: str) -> str:
    await client.post("/v1/auth/request-password-reset", json={"email": email})
    (letter,) = (await (await client.get("/_devstack/mail")).get_json())["mail"]
    token: str = letter["token"]
    return token


async def stored_token(app: Quart) -> str:
    async with app.extensions[EXTENSION].engine.connect() as connection:
        found = await connection.execute(select(password_reset_tokens.c.token))
        token: str = found.scalar_one()
        return token


@pytest.mark.parametrize("email", ["anna@demo.example", "who@nowhere.example"])
async def test_asking_for_a_reset_gives_nobody_away(client: QuartClient, email: str) -> None:
    answer = await client.post("/v1/auth/request-password-reset", json={"email": email})

    found = await answer.get_json()
    assert answer.status_code == 200
    assert UUID(found["correlation_id"])
    assert set(found) == {"message", "correlation_id"}


async def test_the_mailed_reset_link_never_works(client: QuartClient, anna: SomePerson) -> None:
    body = {"token": await mailed(client, anna.email), "new_password": "new"}

    answer = await client.post(RESET, json=body)

    assert answer.status_code == 400
    error = (await answer.get_json())["error"]
    assert error["error_code"] == "IDENTITY_VERIFICATION_TOKEN_INVALID"


async def test_the_stored_reset_token_works_once(
    app: Quart, client: QuartClient, anna: SomePerson, sign_in: SignedIn
) -> None:
    await mailed(client, anna.email)
    body = {"token": await stored_token(app), "new_password": "new"}

    statuses = [(await client.post(RESET, json=body)).status_code for _ in range(2)]

    assert statuses == [200, 400]
    assert "access_token" in await sign_in(password="new")


async def test_reset_token_lives_an_hour(
    app: Quart, client: QuartClient, anna: SomePerson, clock: FakeClock
) -> None:
    await mailed(client, anna.email)
    clock.advance(3601)
    body = {"token": await stored_token(app), "new_password": "new"}

    answer = await client.post(RESET, json=body)

    assert answer.status_code == 400
    error = (await answer.get_json())["error"]
    assert error["error_code"] == "IDENTITY_VERIFICATION_TOKEN_EXPIRED"


async def test_change_password_needs_the_old_one(client: QuartClient, sign_in: SignedIn) -> None:
    headers = {"Authorization": f"Bearer {(await sign_in())['access_token']}"}
    wrong = {"current_password": "nope", "new_password": "new"}
    right = {**wrong, "current_password": "Demo-Pass-2026!"}

    refused = await client.post(CHANGE, json=wrong, headers=headers)
    changed = await client.post(CHANGE, json=right, headers=headers)

    assert (refused.status_code, changed.status_code) == (400, 200)
    assert "access_token" in await sign_in(password="new")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer garbage"}])
async def test_change_password_without_a_good_token_is_401(
    client: QuartClient, headers: dict[str, str]
) -> None:
    answer = await client.post(CHANGE, json={}, headers=headers)

    assert answer.status_code == 401
    assert isinstance((await answer.get_json())["error"], str)


async def test_change_password_without_both_is_400_in_bare_text(
    client: QuartClient, sign_in: SignedIn
) -> None:
    headers = {"Authorization": f"Bearer {(await sign_in())['access_token']}"}

    answer = await client.post(CHANGE, json={"new_password": "new"}, headers=headers)

    assert answer.status_code == 400
    assert isinstance((await answer.get_json())["error"], str)
