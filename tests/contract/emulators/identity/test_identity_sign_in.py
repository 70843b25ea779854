"""Login, refresh and logout answer as the platform's Identity does."""

import re
from typing import Any

import jwt
import pytest
from quart.typing import TestClientProtocol as QuartClient

from bff_core.testing.clock import FakeClock
from tests.contract.emulators.identity.people import SignedIn, SomePerson

LOGIN = "/v1/auth/login"
PASSWORD = "Demo-Pass-2026!"
HTTP_DATE = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")
DETAIL = {
    "correlation_id",
    "details",
    "error_code",
    "message",
    "operation",
    "service",
    "span_id",
    "stack_trace",
    "timestamp",
    "trace_id",
}


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


async def test_login_answers_a_token_pair_for_3600_seconds(sign_in: SignedIn) -> None:
    answer = await sign_in()

    assert set(answer) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 3600


async def test_access_token_has_six_claims_in_the_platforms_order(
    sign_in: SignedIn, anna: SomePerson, clock: FakeClock
) -> None:
    token = (await sign_in())["access_token"]

    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    assert list(claims_of(token).items()) == [
        ("sub", anna.user_id),
        ("org", "org-demo"),
        ("roles", ["teacher"]),
        ("exp", int(clock.now().timestamp()) + 3600),
        ("iss", "huleedu-identity-service"),
        ("aud", "huleedu-platform"),
    ]


async def test_refresh_token_lives_a_day_and_is_numbered_by_the_clock(
    sign_in: SignedIn, anna: SomePerson, clock: FakeClock
) -> None:
    claims = claims_of((await sign_in())["refresh_token"])

    now = clock.now().timestamp()
    assert list(claims) == ["sub", "typ", "jti", "exp", "iss", "aud"]
    assert claims["typ"] == "refresh"
    assert claims["jti"] == f"r-{int(now * 1000)}"
    assert claims["exp"] == int(now) + 86_400


async def test_two_logins_in_one_millisecond_both_succeed(sign_in: SignedIn) -> None:
    first, second = await sign_in(), await sign_in()

    assert claims_of(first["refresh_token"])["jti"] != claims_of(second["refresh_token"])["jti"]


async def test_login_reads_the_email_in_any_case(sign_in: SignedIn) -> None:
    assert "access_token" in await sign_in("ANNA@Demo.Example")


async def test_wrong_password_is_400_with_a_full_error_detail(
    client: QuartClient, anna: SomePerson
) -> None:
    given = {"email": anna.email, "password": "nope"}
    correlation_id = "e326876e-34fc-4b87-a5be-9cc0f09a687a"

    answer = await client.post(LOGIN, json=given, headers={"X-Correlation-ID": correlation_id})

    error = (await answer.get_json())["error"]
    assert answer.status_code == 400
    assert set(error) == DETAIL
    assert error["error_code"] == "IDENTITY_INVALID_CREDENTIALS"
    assert error["message"] == "Invalid email or password"
    assert error["details"] == {"email": anna.email, "message": "Invalid email or password"}
    assert error["operation"] == "login"
    assert error["service"] == "identity_service"
    assert error["correlation_id"] == correlation_id
    assert HTTP_DATE.fullmatch(error["timestamp"])
    assert "Traceback" in error["stack_trace"]
    assert error["trace_id"] == answer.headers["X-Trace-ID"]
    assert error["span_id"] == answer.headers["X-Span-ID"]


async def test_unknown_email_is_told_the_same_as_a_wrong_password(
    client: QuartClient,
) -> None:
    answer = await client.post(LOGIN, json={"email": "who@nowhere.example", "password": "x"})

    error = (await answer.get_json())["error"]
    assert answer.status_code == 400
    assert error["error_code"] == "IDENTITY_INVALID_CREDENTIALS"


async def test_unverified_email_is_refused_after_the_password(client: QuartClient) -> None:
    given = {"email": "sara@demo.example", "password": PASSWORD}

    answer = await client.post(LOGIN, json=given)

    error = (await answer.get_json())["error"]
    assert answer.status_code == 400
    assert error["error_code"] == "IDENTITY_EMAIL_NOT_VERIFIED"
    assert error["message"] == "Email not verified: sara@demo.example"
    assert error["details"]["email"] == "sara@demo.example"


@pytest.mark.parametrize(
    "body",
    [
        b"{nope",
        b"null",
        b"[]",
        b'{"email": "anna@demo.example"}',
        b'{"email": "notanemail", "password": "x"}',
        b'{"email": "anna@demo.local", "password": "x"}',
    ],
)
async def test_malformed_login_is_500_without_a_word(client: QuartClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}

    answer = await client.post(LOGIN, data=body, headers=headers)

    assert answer.status_code == 500
    assert await answer.get_data() == b'{"error":"Internal server error"}\n'


async def test_eight_wrong_passwords_lock_nobody_out(
    client: QuartClient, sign_in: SignedIn, clock: FakeClock, anna: SomePerson
) -> None:
    for _ in range(8):
        await client.post(LOGIN, json={"email": anna.email, "password": "nope"})
        clock.advance(61)

    assert "access_token" in await sign_in()


async def test_sixth_attempt_within_a_minute_is_400_rate_limit(
    client: QuartClient, sign_in: SignedIn, anna: SomePerson
) -> None:
    for _ in range(5):
        await client.post(LOGIN, json={"email": anna.email, "password": "nope"})

    error = (await sign_in())["error"]

    assert error["error_code"] == "RATE_LIMIT"
    assert error["details"] == {"limit": 5, "window_seconds": 60, "rate_type": "ip_address"}


async def test_another_address_does_not_help_an_email_at_its_limit(
    client: QuartClient, anna: SomePerson
) -> None:
    given = {"email": anna.email, "password": PASSWORD}
    statuses = []
    for number in range(6):
        headers = {"X-Forwarded-For": f"10.0.0.{number}, 10.9.9.9"}
        statuses.append((await client.post(LOGIN, json=given, headers=headers)).status_code)

    assert statuses == [200] * 5 + [400]


async def test_every_attempt_starts_the_minute_again(
    client: QuartClient, sign_in: SignedIn, clock: FakeClock, anna: SomePerson
) -> None:
    for _ in range(5):
        await client.post(LOGIN, json={"email": anna.email, "password": "nope"})
        clock.advance(50)

    assert (await sign_in())["error"]["error_code"] == "RATE_LIMIT"

    clock.advance(61)
    assert "access_token" in await sign_in()


async def test_an_address_longer_than_its_column_fails_the_login(
    client: QuartClient, anna: SomePerson
) -> None:
    given = {"email": anna.email, "password": PASSWORD}

    answer = await client.post(LOGIN, json=given, headers={"X-Forwarded-For": "1" * 46})

    assert answer.status_code == 500


async def test_refresh_answers_an_access_token_and_no_new_refresh_token(
    client: QuartClient, sign_in: SignedIn
) -> None:
    body = {"refresh_token": (await sign_in())["refresh_token"]}

    answer = await client.post("/v1/auth/refresh", json=body)

    assert answer.status_code == 200
    found = await answer.get_json()
    assert set(found) == {"access_token", "token_type", "expires_in"}
    assert found["expires_in"] == 3600


@pytest.mark.parametrize("which", ["access_token", None])
async def test_refresh_by_anything_else_is_401(
    client: QuartClient, sign_in: SignedIn, which: str | None
) -> None:
    token = (await sign_in())[which] if which else "garbage"

    answer = await client.post("/v1/auth/refresh", json={"refresh_token": token})

    error = (await answer.get_json())["error"]
    assert answer.status_code == 401
    assert error["error_code"] == "IDENTITY_TOKEN_INVALID"
    assert error["message"] == "Invalid or expired refresh token"
    assert error["operation"] == "refresh_token"


async def test_refresh_after_a_day_is_401_by_its_session(
    client: QuartClient, sign_in: SignedIn, clock: FakeClock
) -> None:
    body = {"refresh_token": (await sign_in())["refresh_token"]}
    clock.advance(86_401)

    answer = await client.post("/v1/auth/refresh", json=body)

    assert answer.status_code == 401


@pytest.mark.parametrize("in_header", [True, False])
async def test_logout_by_refresh_token_ends_refreshing(
    client: QuartClient, sign_in: SignedIn, in_header: bool
) -> None:
    token = (await sign_in())["refresh_token"]
    headers = {"Authorization": f"Bearer {token}"} if in_header else {}
    body = {} if in_header else {"refresh_token": token}

    left = await client.post("/v1/auth/logout", json=body, headers=headers)
    answer = await client.post("/v1/auth/refresh", json={"refresh_token": token})

    assert await left.get_json() == {"message": "Logout successful"}
    assert answer.status_code == 401
    assert (await answer.get_json())["error"]["message"] == "Refresh token has been revoked"


async def test_logout_by_access_token_ends_nothing(client: QuartClient, sign_in: SignedIn) -> None:
    pair = await sign_in()
    headers = {"Authorization": f"Bearer {pair['access_token']}"}

    await client.post("/v1/auth/logout", headers=headers)
    answer = await client.post("/v1/auth/refresh", json={"refresh_token": pair["refresh_token"]})

    assert answer.status_code == 200


async def test_logout_by_garbage_succeeds(client: QuartClient) -> None:
    answer = await client.post("/v1/auth/logout", json={"refresh_token": "garbage"})

    assert answer.status_code == 200


@pytest.mark.parametrize("body", [b"{}", b"{nope", b"[]", b""])
async def test_logout_without_a_token_is_400(client: QuartClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}

    answer = await client.post("/v1/auth/logout", data=body, headers=headers)

    error = (await answer.get_json())["error"]
    assert answer.status_code == 400
    assert error["error_code"] == "IDENTITY_TOKEN_INVALID"
    assert error["message"] == "No token provided for logout"
    assert error["details"] == {}
