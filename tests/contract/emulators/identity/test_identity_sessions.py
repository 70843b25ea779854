"""A person's own sessions, with what the platform gets wrong about them."""

from typing import Any

import jwt
import pytest
from quart.typing import TestClientProtocol as QuartClient

from tests.contract.emulators.identity.people import SignedIn

SESSIONS = "/v1/auth/sessions"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def jti_of(pair: dict[str, Any]) -> str:
    jti: str = jwt.decode(pair["refresh_token"], options={"verify_signature": False})["jti"]
    return jti


async def test_listing_sessions_fails_once_there_is_one(
    client: QuartClient, sign_in: SignedIn
) -> None:
    headers = bearer((await sign_in())["access_token"])

    answer = await client.get(SESSIONS, headers=headers)

    assert answer.status_code == 500
    assert await answer.get_data() == b'{"error":"Internal server error"}\n'


async def test_sessions_are_counted(client: QuartClient, sign_in: SignedIn) -> None:
    headers = bearer((await sign_in())["access_token"])

    answer = await client.get(f"{SESSIONS}/active", headers=headers)

    assert await answer.get_json() == {"active_sessions": 1}


@pytest.mark.parametrize("headers", [{}, bearer("garbage"), {"Authorization": "Basic abc"}])
async def test_sessions_without_a_good_token_are_401_in_bare_text(
    client: QuartClient, headers: dict[str, str]
) -> None:
    for path in (SESSIONS, f"{SESSIONS}/active"):
        answer = await client.get(path, headers=headers)

        assert answer.status_code == 401
        assert await answer.get_json() == {"error": "Invalid or expired token"}


async def test_revoking_all_leaves_the_list_empty_and_refreshing_alive(
    client: QuartClient, sign_in: SignedIn
) -> None:
    pair = await sign_in()
    headers = bearer(pair["access_token"])

    revoked = await (await client.delete(SESSIONS, headers=headers)).get_json()
    listed = await (await client.get(SESSIONS, headers=headers)).get_json()
    body = {"refresh_token": pair["refresh_token"]}
    refreshed = await client.post("/v1/auth/refresh", json=body)

    assert revoked["sessions_affected"] == 1
    assert listed == {"sessions": [], "total_count": 0}
    assert refreshed.status_code == 200


async def test_revoking_all_keeps_the_current_one_only_for_a_token_with_a_number(
    client: QuartClient, sign_in: SignedIn
) -> None:
    await sign_in()
    headers = bearer((await sign_in())["refresh_token"])

    revoked = await (await client.delete(SESSIONS, headers=headers)).get_json()
    count = await (await client.get(f"{SESSIONS}/active", headers=headers)).get_json()

    assert revoked["sessions_affected"] == 1
    assert count == {"active_sessions": 1}


async def test_one_session_is_revoked_once(client: QuartClient, sign_in: SignedIn) -> None:
    pair = await sign_in()
    headers, path = bearer(pair["access_token"]), f"{SESSIONS}/{jti_of(pair)}"

    answers = [await (await client.delete(path, headers=headers)).get_json() for _ in range(2)]

    assert [answer["sessions_affected"] for answer in answers] == [1, 0]


async def test_somebody_elses_session_is_left_alone(client: QuartClient, sign_in: SignedIn) -> None:
    path = f"{SESSIONS}/{jti_of(await sign_in())}"
    headers = bearer((await sign_in("nils@demo.example"))["access_token"])

    answer = await client.delete(path, headers=headers)

    assert answer.status_code == 200
    assert (await answer.get_json())["sessions_affected"] == 0
