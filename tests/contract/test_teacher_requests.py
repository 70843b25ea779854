"""Invalid input and tokens at the teacher BFF: 4xx in the error envelope, each error with its pointer."""

from collections.abc import AsyncIterator

import pytest
from quart.typing import TestClientProtocol as Client

from bff_core.clock import SystemClock
from bff_core.testing import SECRET, access_token, bearer, refresh_token
from services.bff_teacher.app import create_app
from services.bff_teacher.config import Settings

ENVIRONMENT = {
    "ENVIRONMENT": "testing",
    "JWT_SECRET_KEY": SECRET,
    "HULEEDU_INTERNAL_API_KEY": "internal-key-for-tests",
    # Nobody listens there: a request that gets this far is a 503, not a 4xx.
    "RESULT_AGGREGATOR_URL": "http://127.0.0.1:9",
    "CMS_API_URL": "http://127.0.0.1:9",
    "IDENTITY_SERVICE_URL": "http://127.0.0.1:9",
}
NOW = SystemClock().now()


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    app = create_app(Settings.load(ENVIRONMENT))
    async with app.test_app():
        yield app.test_client()


def headers(token: str | None = None, **more: str) -> dict[str, str]:
    return {"Authorization": bearer(token or access_token(now=NOW)), **more}


@pytest.mark.parametrize("prefix", ["/v1/teacher", "/bff/v1/teacher"])
@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ("limit=0", ["/limit"]),
        ("limit=101", ["/limit"]),
        ("limit=x", ["/limit"]),
        ("limit=-1", ["/limit"]),
        ("limit=", ["/limit"]),
        ("offset=-1", ["/offset"]),
        ("offset=99999999999999999999", ["/offset"]),
        ("status=bogus", ["/status"]),
        ("status=processing_pipelines", ["/status"]),
        ("limit=5&limit=6", ["/limit"]),
        ("statsu=ready", ["/statsu"]),
        ("status=failed&limit=100&offset=401", ["/offset"]),
        ("state=pending_content", ["/state/0"]),
        ("state=ready&state=bogus", ["/state/1"]),
        ("status=ready&status=failed", ["/status"]),
        ("class_id=12", ["/class_id"]),
        ("no_class=true&class_id=3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10", ["/class_id"]),
        ("completed_since=yesterday", ["/completed_since"]),
        ("sort=oldest", ["/sort"]),
        ("limit=0&offset=-1&status=bogus", ["/limit", "/offset", "/status"]),
    ],
)
async def test_a_bad_query_is_400_and_every_fault_has_its_pointer(
    client: Client, prefix: str, query: str, pointers: list[str]
) -> None:
    answer = await client.get(f"{prefix}/dashboard?{query}", headers=headers())

    error = (await answer.get_json())["error"]
    assert (answer.status_code, error["code"]) == (400, "VALIDATION_ERROR")
    assert sorted(fault["pointer"] for fault in error["details"]["errors"]) == pointers
    assert "bogus" not in repr(error)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/teacher/nope", 404, "RESOURCE_NOT_FOUND"),
        ("GET", "/v1/teacher/dashboard/", 404, "RESOURCE_NOT_FOUND"),
        ("GET", "/", 404, "RESOURCE_NOT_FOUND"),
        ("POST", "/v1/teacher/dashboard", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "/bff/v1/teacher/me", 405, "METHOD_NOT_ALLOWED"),
        ("OPTIONS", "/v1/teacher/me", 405, "METHOD_NOT_ALLOWED"),
    ],
)
async def test_no_such_route_is_the_envelope(
    client: Client, method: str, path: str, status: int, code: str
) -> None:
    answer = await client.open(path, method=method, headers=headers())  # type: ignore[call-arg]  # its protocol lacks a default

    assert answer.status_code == status
    assert (await answer.get_json())["error"]["code"] == code


TOKENS = {
    "none": {},
    "only a user id": {"X-User-ID": "teacher-1"},
    "not bearer": {"Authorization": "Basic YTpi"},
    "empty bearer": {"Authorization": "Bearer "},
    "garbage": headers("garbage"),
    "expired": headers(access_token(now=NOW, exp=int(NOW.timestamp()) - 1)),
    "wrong key": headers(access_token(now=NOW, key="another-key-that-is-longer-than-32-chars")),
    "wrong audience": headers(access_token(now=NOW, aud="someone-else")),
    "wrong issuer": headers(access_token(now=NOW, iss="someone-else")),
    "unsigned": headers(access_token(now=NOW, algorithm="none")),
    "another algorithm": headers(access_token(now=NOW, algorithm="HS512", key=SECRET * 2)),
    "refresh": headers(refresh_token(now=NOW)),
    "empty subject": headers(access_token("", now=NOW)),
    "odd subject": headers(access_token("../user/victim", now=NOW)),
    "long subject": headers(access_token("a" * 65, now=NOW)),
    "number as subject": headers(access_token(7, now=NOW)),
    "huge": headers("a" * 9000),
    "another user id": headers(**{"X-User-ID": "victim"}),
}


@pytest.mark.parametrize("token", TOKENS)
async def test_whoever_cannot_prove_who_they_are_is_401(client: Client, token: str) -> None:
    answer = await client.get("/v1/teacher/dashboard", headers=TOKENS[token])

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert (await answer.get_json())["error"]["code"] == "AUTHENTICATION_ERROR"


async def test_whoever_has_no_teacher_s_role_is_403(client: Client) -> None:
    token = access_token(now=NOW, roles=["student"])

    answer = await client.get("/v1/teacher/dashboard", headers=headers(token))

    assert answer.status_code == 403
    assert (await answer.get_json())["error"]["code"] == "AUTHORIZATION_ERROR"


async def test_a_good_token_goes_through(client: Client) -> None:
    answer = await client.get(
        "/v1/teacher/dashboard", headers=headers(**{"X-User-ID": "teacher-1"})
    )

    assert answer.status_code == 503
