"""Requests that a proxy in front, or a parser behind, could read as another request."""

import json
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.attack.checks import assert_envelope, assert_refused
from tests.e2e.attack.conftest import Edge
from tests.e2e.attack.upstream import RecordedRequest, answer_bytes, http
from tests.e2e.attack.wire import RawResponse, request

JSON = ("Content-Type", "application/json")
TARGET = "/bff/v1/teacher/dashboard"
PERSON = {
    "email": "anna@skola.example",
    "password": "Demo-Pass-2026!",
    "person_name": {"first_name": "Anna", "last_name": "Ek"},
    "organization_name": "Ekskolan",
}


def post(edge: Edge, path: str, body: bytes) -> RawResponse:
    return edge.ask(request("POST", path, [JSON], body))


@pytest.mark.parametrize("target", [TARGET, "/v1/auth/login", "/healthz"])
@pytest.mark.parametrize("method", ["get", "post", "Post", "pOST"])
def test_a_method_in_small_letters_is_no_method(edge: Edge, method: str, target: str) -> None:
    assert_refused(edge, edge.as_teacher(method, target), 400)


TWICE = {
    "a name twice": b'{"email": "a@b.example", "password": "x", "email": "c@d.example"}',
    "a name twice, once escaped": b'{"email": "a@b.example", "password": "x", "e\\u006dail": "c"}',
    "not a number": b'{"email": "a@b.example", "password": NaN}',
    "beyond numbers": b'{"email": "a@b.example", "password": 1e999}',
}


@pytest.mark.parametrize("body", TWICE.values(), ids=TWICE.keys())
def test_json_that_two_parsers_read_differently_goes_nowhere(edge: Edge, body: bytes) -> None:
    assert_refused(edge, post(edge, "/v1/auth/login", body), 400)


def test_many_flaws_make_a_small_answer(edge: Edge) -> None:
    body = json.dumps({f"n{number}": 0 for number in range(1200)}).encode()

    reply = post(edge, "/v1/auth/login", body)

    assert_refused(edge, reply, 400)
    assert len(reply.body) < len(body)
    assert len(reply.error["details"]["errors"]) == 50
    assert reply.error["details"]["error_count"] == 1202


@pytest.mark.parametrize("control", ["\x85", "\u2028", "\u2029", "\u202e", "\u2066", "\u200f"])
def test_a_name_that_breaks_or_turns_a_line_is_refused(edge: Edge, control: str) -> None:
    body = json.dumps(PERSON | {"organization_name": f"Eks{control}kolan"}).encode()

    assert_refused(edge, post(edge, "/v1/auth/register", body), 400)


@pytest.mark.parametrize("target", [TARGET, "/v1/auth/login"])
@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip"])
def test_an_encoded_body_is_refused_with_what_is_accepted(
    edge: Edge, target: str, coding: str
) -> None:
    reply = edge.as_teacher("POST", target, [JSON, ("Content-Encoding", coding)], b"\x1f\x8b")

    assert_refused(edge, reply, 415)
    assert reply.value("Accept-Encoding") == "identity"


@pytest.mark.parametrize("authority", ["gateway.example", "other.example:81"])
def test_an_absolute_target_is_its_path(edge: Edge, authority: str) -> None:
    reply = edge.as_teacher(target=f"http://{authority}{TARGET}?limit=5")

    assert reply.status == 200
    assert [seen.target for seen in edge.teacher.seen] == [f"{TARGET}?limit=5"]


def registered(edge: Edge, status: int, answer: object) -> RawResponse:
    edge.identity.answers["/v1/auth/register"] = answer_bytes(
        http(status, json.dumps(answer).encode())
    )
    return post(edge, "/v1/auth/register", json.dumps(PERSON).encode())


def test_registering_tells_no_stranger_which_address_has_an_account(edge: Edge) -> None:
    user = {"user_id": "1", "email": "anna@skola.example", "org_id": None}
    taken = {"error": {"error_code": "IDENTITY_USER_ALREADY_EXISTS", "message": "exists"}}

    new, old = registered(edge, 201, user), registered(edge, 400, taken)

    assert (new.status, new.body) == (old.status, old.body)
    assert new.status == 202
    assert b"anna" not in new.body


def test_a_refused_registration_is_not_called_done(edge: Edge) -> None:
    weak = {"error": {"error_code": "VALIDATION_ERROR", "message": "too weak"}}

    reply = registered(edge, 400, weak)

    assert (reply.status, reply.error["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "IDENTITY_TOKEN_INVALID"), (400, "IDENTITY_VERIFICATION_TOKEN_INVALID")],
)
def test_a_wrong_current_password_says_so(edge: Edge, status: int, code: str) -> None:
    refusal = {"error": {"error_code": code, "message": "invalid"}}
    edge.identity.answers["/v1/auth/change-password"] = answer_bytes(
        http(status, json.dumps(refusal).encode())
    )
    body = json.dumps({"current_password": "wrong", "new_password": "Demo-Pass-2027!"}).encode()

    reply = edge.as_teacher("POST", "/v1/auth/change-password", [JSON], body)

    assert reply.status == 400
    assert_envelope(reply)
    [flaw] = reply.error["details"]["errors"]
    assert flaw["pointer"] == "/current_password"


def continue_for_ever(client: socket.socket, _: RecordedRequest) -> bool:
    with suppress(OSError):
        while True:
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000)
    return False


def resident_mebibytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def test_a_service_that_only_says_continue_ends_with_its_budget_and_fills_no_memory(
    edge: Edge,
) -> None:
    edge.as_teacher()
    before = resident_mebibytes(edge.gateway.pid)
    edge.teacher.answers[TARGET] = continue_for_ever

    reply = edge.as_teacher()

    assert reply.status == 504
    assert resident_mebibytes(edge.gateway.pid) - before < 64
