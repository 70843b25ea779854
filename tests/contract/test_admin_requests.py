"""Bad input and bad tokens at the admin BFF: 4xx in the envelope, each error with its pointer."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from quart.typing import TestClientProtocol as Client

from bff_core.clock import SystemClock
from bff_core.testing import SECRET, access_token, bearer, refresh_token
from services.bff_admin.app import create_app
from services.bff_admin.config import Settings

ENVIRONMENT = {
    "ENVIRONMENT": "testing",
    "JWT_SECRET_KEY": SECRET,
    "HULEEDU_INTERNAL_API_KEY": "internal-key-for-tests",
    # A closed port: a request that gets this far is a 503, not a 4xx.
    "IDENTITY_SERVICE_URL": "http://127.0.0.1:9",
    "CONFIG_SERVICE_URL": "http://127.0.0.1:9",
}
NOW = SystemClock().now()
PERSON = "5d0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"
LEAK = "bogus"


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    app = create_app(Settings.load(ENVIRONMENT))
    async with app.test_app():
        yield app.test_client()


def headers(token: str | None = None, **more: str) -> dict[str, str]:
    token = token or access_token(now=NOW, roles=["admin"])
    return {"Authorization": bearer(token), **more}


@pytest.mark.parametrize("prefix", ["/v1/admin", "/bff/v1/admin"])
@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ("limit=0", ["/limit"]),
        ("limit=101", ["/limit"]),
        ("limit=5&limit=6", ["/limit"]),
        ("status=bogus", ["/status"]),
        ("statsu=denied", ["/statsu"]),
        ("verified=bogus", ["/verified"]),
        ("q=%00", ["/q"]),
        ("q=%20", ["/q"]),
        (f"q={'a' * 101}", ["/q"]),
        (f"cursor={'a' * 201}", ["/cursor"]),
    ],
)
async def test_a_bad_query_is_400_and_every_fault_has_its_pointer(
    client: Client, prefix: str, query: str, pointers: list[str]
) -> None:
    answer = await client.get(f"{prefix}/users?{query}", headers=headers())

    error = (await answer.get_json())["error"]
    assert (answer.status_code, error["code"]) == (400, "VALIDATION_ERROR")
    assert sorted(fault["pointer"] for fault in error["details"]["errors"]) == pointers
    assert LEAK not in repr(error)


PERSON_INVITED = {"email": "maja.ek@skola.example", "first_name": "Maja", "last_name": "Ek"}
ITEM = {"user_id": PERSON, "decision": "approve", "expected_version": 1}


@pytest.mark.parametrize(
    ("path", "body", "pointers"),
    [
        ("approve", {}, ["/expected_version"]),
        ("approve", {"expected_version": "1"}, ["/expected_version"]),
        ("approve", {"expected_version": 1.5}, ["/expected_version"]),
        ("approve", {"expected_version": 0}, ["/expected_version"]),
        ("approve", {"expected_version": 2**31}, ["/expected_version"]),
        ("approve", {"expected_version": 1, "force": True}, ["/force"]),
        ("approve", {"expected_version": 1, "note": "\x00"}, ["/note"]),
        ("deny", {"expected_version": 1}, ["/reason"]),
        ("deny", {"expected_version": 1, "reason": " "}, ["/reason"]),
        ("deny", {"expected_version": 1, "reason": "a" * 501}, ["/reason"]),
        ("deactivate", {"expected_version": 1}, ["/reason"]),
        ("reactivate", {"expected_version": 1, "reason": "a" * 501}, ["/reason"]),
        ("invite", {"email": "maja@skola"}, ["/email", "/first_name", "/last_name"]),
        ("invite", {**PERSON_INVITED, "email": "maja@skola.local"}, ["/email"]),
        ("invite", {**PERSON_INVITED, "last_name": "E\u202ek"}, ["/last_name"]),
        ("invite", {**PERSON_INVITED, "org": "elsewhere"}, ["/org"]),
        ("decisions", {"items": []}, ["/items"]),
        ("decisions", {"items": [ITEM] * 101}, ["/items"]),
        ("decisions", {"items": [ITEM | {"decision": "deny"}]}, ["/items/0"]),
        ("decisions", {"items": [ITEM | {"decision": "bogus"}]}, ["/items/0/decision"]),
        ("decisions", [], [""]),
    ],
)
async def test_a_bad_body_is_400_and_every_fault_has_its_pointer(
    client: Client, path: str, body: Any, pointers: list[str]
) -> None:
    where = f"/v1/admin/users/{path if path in {'decisions', 'invite'} else f'{PERSON}/{path}'}"

    answer = await client.post(where, json=body, headers=headers())

    error = (await answer.get_json())["error"]
    assert (answer.status_code, error["code"]) == (400, "VALIDATION_ERROR")
    assert [fault["pointer"] for fault in error["details"]["errors"]] == pointers


@pytest.mark.parametrize(
    ("path", "body", "pointers"),
    [
        ("adjust", {"amount": 5}, ["/reason"]),
        ("adjust", {"amount": 0, "reason": "gift"}, ["/amount"]),
        ("adjust", {"amount": 1.5, "reason": "gift"}, ["/amount"]),
        ("adjust", {"amount": "5", "reason": "gift"}, ["/amount"]),
        ("adjust", {"amount": True, "reason": "gift"}, ["/amount"]),
        ("adjust", {"amount": 1_000_001, "reason": "gift"}, ["/amount"]),
        ("adjust", {"amount": -1_000_001, "reason": "gift"}, ["/amount"]),
        ("adjust", {"amount": 5, "reason": "a\u202eb"}, ["/reason"]),
        ("adjust", {"amount": 5, "reason": "a\nb"}, ["/reason"]),
        ("adjust", {"amount": 5, "reason": "a" * 501}, ["/reason"]),
        ("adjust", {"amount": 5, "reason": "gift", "user_id": PERSON}, ["/user_id"]),
        ("set", {"balance": -1, "reason": "gift"}, ["/balance"]),
        ("set", {"balance": 1_000_001, "reason": "gift"}, ["/balance"]),
        ("set", {"balance": 5, "reason": " "}, ["/reason"]),
    ],
)
async def test_a_bad_change_of_credits_is_400_and_every_fault_has_its_pointer(
    client: Client, path: str, body: Any, pointers: list[str]
) -> None:
    answer = await client.post(f"/v1/admin/credits/{PERSON}/{path}", json=body, headers=headers())

    error = (await answer.get_json())["error"]
    assert (answer.status_code, error["code"]) == (400, "VALIDATION_ERROR")
    assert [fault["pointer"] for fault in error["details"]["errors"]] == pointers


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"expected_version=1", "application/x-www-form-urlencoded", 415),
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"a":' * 5000, "application/json", 400),
        (b" " * 300_000, "application/json", 413),
    ],
)
async def test_a_body_that_is_none_is_refused(
    client: Client, body: bytes, kind: str, status: int
) -> None:
    where = f"/v1/admin/users/{PERSON}/approve"

    answer = await client.post(where, data=body, headers=headers(**{"Content-Type": kind}))

    assert answer.status_code == status


TOKENS = {
    "none": {},
    "only a user id": {"X-User-ID": "admin-1"},
    "garbage": headers("garbage"),
    "wrong key": headers(access_token(now=NOW, roles=["admin"], key="another-key-" * 4)),
    "refresh": headers(refresh_token(now=NOW)),
    "another user id": headers(**{"X-User-ID": "victim"}),
}


@pytest.mark.parametrize("token", TOKENS)
async def test_a_request_without_a_valid_token_is_401(client: Client, token: str) -> None:
    answer = await client.get("/v1/admin/users", headers=TOKENS[token])

    assert answer.status_code == 401


async def test_a_teacher_is_403_on_every_route(client: Client) -> None:
    teacher = headers(access_token(now=NOW, roles=["teacher"]))
    rules = [rule for rule in client.app.url_map.iter_rules() if "/admin" in rule.rule]
    assert rules
    for rule in rules:
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            path = rule.rule.replace("<user_id>", PERSON).replace("<namespace>", "uploads")
            path = path.replace("<int(max=2147483647):number>", "1")

            answer = await client.open(path, method=method, headers=teacher)  # type: ignore[call-arg]  # its protocol lacks a default

            assert answer.status_code == 403, (method, path)


async def test_the_admin_s_role_is_a_setting() -> None:
    app = create_app(Settings.load(ENVIRONMENT | {"BFF_ADMIN_SERVICE_ROLE": "principal"}))
    async with app.test_app():
        client = app.test_client()
        admin = await client.get("/v1/admin/users", headers=headers())
        token = access_token(now=NOW, roles=["principal"])
        principal = await client.get("/v1/admin/users", headers=headers(token))

    assert (admin.status_code, principal.status_code) == (403, 503)


@pytest.mark.parametrize(
    ("kind", "status"), [("text/plain", 415), ("application/json", 503), ("", 415)]
)
async def test_settings_must_be_declared_as_json(client: Client, kind: str, status: int) -> None:
    answer = await client.put(
        "/v1/admin/settings/uploads", data=b"{}", headers=headers(**{"Content-Type": kind})
    )

    assert answer.status_code == status


async def test_a_key_is_sent_once(client: Client) -> None:
    given = [*headers().items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]

    answer = await client.put("/v1/admin/settings/uploads", json={}, headers=given)

    assert (await answer.get_json())["error"]["code"] == "INVALID_REQUEST"
