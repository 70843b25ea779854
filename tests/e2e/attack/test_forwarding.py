"""Valid requests reach their service unchanged, with the identity of their token."""

import json
import time
import uuid

import pytest

from bff_core.testing import bearer
from tests.e2e.attack.conftest import Edge, token
from tests.e2e.attack.upstream import answer_bytes, http
from tests.e2e.attack.wire import request

JSON = ("Content-Type", "application/json")
LOGIN = json.dumps({"email": "anna@skola.example", "password": "Demo-Pass-2026!"}).encode()


def test_teacher_request_arrives_with_the_identity_of_its_token(edge: Edge) -> None:
    authorization = bearer(token("teacher-7", org="ekskolan"))

    reply = edge.ask(
        request("GET", "/bff/v1/teacher/dashboard?limit=5", [("Authorization", authorization)])
    )

    [seen] = edge.teacher.seen
    assert reply.status == 200
    assert seen.target == "/bff/v1/teacher/dashboard?limit=5"
    assert seen.values("X-User-ID") == ["teacher-7"]
    assert seen.values("X-Org-ID") == ["ekskolan"]
    assert seen.values("Authorization") == [authorization]
    assert seen.values("X-Forwarded-For") == ["127.0.0.1"]
    assert seen.values("X-Correlation-ID") == reply.values("X-Correlation-ID")
    assert 0 < int(seen.values("X-Request-Timeout-Ms")[0]) <= 2000


@pytest.mark.parametrize(
    ("given", "passed"),
    [("700", 700), ("60000", 2000), ("1", 250), ("0", 250), ("-5", 2000), ("1e2", 2000)],
)
def test_client_may_wait_for_less_than_the_budget_and_never_for_more(
    edge: Edge, given: str, passed: int
) -> None:
    edge.as_teacher(headers=[("X-Request-Timeout-Ms", given)])

    assert edge.teacher.seen[0].values("X-Request-Timeout-Ms") == [str(passed)]


def test_service_slower_than_the_client_waits_is_a_timeout(edge: Edge) -> None:
    edge.teacher.answers["/bff/v1/teacher/dashboard"] = lambda *_: time.sleep(1.5)

    reply = edge.as_teacher(headers=[("X-Request-Timeout-Ms", "300")])

    assert (reply.status, reply.error["code"]) == (504, "TIMEOUT")


def test_a_valid_correlation_id_is_kept(edge: Edge) -> None:
    given = str(uuid.uuid4())

    reply = edge.as_teacher(headers=[("X-Correlation-ID", given)])

    assert edge.teacher.seen[0].values("X-Correlation-ID") == [given]
    assert reply.values("X-Correlation-ID") == [given]


def test_admin_routes_are_for_admins(edge: Edge) -> None:
    admin = bearer(token("admin-1", roles=["admin"]))

    refused = edge.as_teacher(target="/bff/v1/admin/overview")
    reply = edge.ask(request("GET", "/bff/v1/admin/overview", [("Authorization", admin)]))

    assert (refused.status, refused.error["code"]) == (403, "AUTHORIZATION_ERROR")
    assert reply.status == 200
    assert [seen.values("X-User-ID") for seen in edge.admin.seen] == [["admin-1"]]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
def test_each_method_goes_through(edge: Edge, method: str) -> None:
    body = b'{"a": 1}' if method in {"POST", "PUT", "PATCH"} else b""

    reply = edge.as_teacher(method, headers=[JSON] if body else [], body=body)

    [seen] = edge.teacher.seen
    assert reply.status == 200
    assert (seen.method, seen.body) == (method, body)


def test_login_goes_to_identity_byte_for_byte(edge: Edge) -> None:
    spaced = LOGIN.replace(b":", b" :  ")

    reply = edge.ask(request("POST", "/v1/auth/login", [JSON], spaced))

    [seen] = edge.identity.seen
    assert reply.status == 200
    assert (seen.method, seen.target, seen.body) == ("POST", "/v1/auth/login", spaced)
    assert seen.values("X-User-ID") == []


IDENTITY_REFUSALS = [
    (400, "IDENTITY_INVALID_CREDENTIALS", 401, "IDENTITY_INVALID_CREDENTIALS"),
    (400, "IDENTITY_EMAIL_NOT_VERIFIED", 403, "IDENTITY_EMAIL_NOT_VERIFIED"),
    (400, "IDENTITY_ACCOUNT_LOCKED", 403, "IDENTITY_ACCOUNT_LOCKED"),
    (400, "IDENTITY_USER_ALREADY_EXISTS", 409, "IDENTITY_USER_ALREADY_EXISTS"),
    (400, "RATE_LIMIT", 429, "RATE_LIMIT"),
    (401, "IDENTITY_TOKEN_INVALID", 401, "IDENTITY_TOKEN_INVALID"),
    (400, "SOMETHING_NEW", 400, "VALIDATION_ERROR"),
    (500, "UNKNOWN_ERROR", 502, "EXTERNAL_SERVICE_ERROR"),
]


@pytest.mark.parametrize(("status", "code", "ours", "our_code"), IDENTITY_REFUSALS)
def test_a_refusal_of_identity_keeps_its_code_and_nothing_else(
    edge: Edge, status: int, code: str, ours: int, our_code: str
) -> None:
    leak = {
        "error_code": code,
        "message": "anna@skola.example has no such thing",
        "stack_trace": "Traceback (most recent call last)",
        "details": {"email": "anna@skola.example"},
    }
    answer = http(status, json.dumps({"error": leak}).encode())
    edge.identity.answers["/v1/auth/login"] = answer_bytes(answer, keep=True)

    reply = edge.ask(request("POST", "/v1/auth/login", [JSON], LOGIN))

    assert (reply.status, reply.error["code"]) == (ours, our_code)
    assert b"Traceback" not in reply.body
    assert b"anna" not in reply.body
    assert reply.error["correlation_id"] == reply.value("X-Correlation-ID")


@pytest.mark.parametrize("body", [b"{nope", b"[]", b"{}", b'{"email": 1, "password": ""}'])
def test_a_bad_login_never_reaches_identity(edge: Edge, body: bytes) -> None:
    reply = edge.ask(request("POST", "/v1/auth/login", [JSON], body))

    assert (reply.status, reply.error["code"]) == (400, "VALIDATION_ERROR")
    assert reply.error["details"]["errors"]
    assert edge.reached == 0


@pytest.mark.parametrize("name", ["introspect", "revoke", "sessions", "me", "users/x/profile"])
def test_what_identity_leaves_open_is_not_there(edge: Edge, name: str) -> None:
    reply = edge.ask(request("POST", f"/v1/auth/{name}", [JSON], b'{"token":"x"}'))

    assert (reply.status, reply.error["code"]) == (404, "RESOURCE_NOT_FOUND")
    assert edge.reached == 0
