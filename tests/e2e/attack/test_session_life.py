"""A session from sign-in to its end, and what an attacker makes of each step."""

import json
from collections.abc import Callable

import pytest

from bff_core.testing import bearer
from tests.e2e.attack.checks import assert_envelope
from tests.e2e.attack.conftest import Edge, token
from tests.e2e.attack.sessions import (
    COOKIE,
    DASHBOARD,
    JSON,
    OWN,
    SESSION,
    Browser,
    IdentityStandIn,
    browser,
    made_by_hand,
    reason_of,
)
from tests.e2e.attack.upstream import answer_bytes, http
from tests.e2e.attack.wire import request


@pytest.fixture(autouse=True)
def identity(edge: Edge) -> IdentityStandIn:
    stand_in = IdentityStandIn(edge.identity)
    stand_in.install()
    return stand_in


def test_a_sign_in_answers_with_the_person_and_no_token(edge: Edge) -> None:
    reply = Browser(edge.gateway).sign_in()

    answer = json.loads(reply.body)
    assert answer["user"] == {
        "user_id": "teacher-anna",
        "email": "anna@skola.example",
        "name": "Anna Ek",
        "roles": ["teacher"],
    }
    assert set(answer) == {"user", "csrf", "expires_at", "idle_expires_at"}
    assert answer["idle_expires_at"] <= answer["expires_at"]
    assert b"eyJ" not in reply.body
    assert reply.value("Cache-Control") == "no-store"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_hosts(edge: Edge) -> None:
    [cookie] = Browser(edge.gateway).sign_in().values("Set-Cookie")

    name, *attributes = cookie.split("; ")
    assert name.startswith(f"{COOKIE}=")
    assert sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]
    assert len(cookie) < 4096


def test_a_reload_finds_the_session(edge: Edge) -> None:
    anna = browser(edge)

    reply = anna.send("GET", SESSION)

    assert reply.status == 200
    assert json.loads(reply.body)["csrf"] == anna.csrf
    assert json.loads(reply.body)["user"]["name"] == "Anna Ek"
    assert b"eyJ" not in reply.body


def test_a_head_shows_the_headers_alone(edge: Edge) -> None:
    reply = browser(edge).send("HEAD", SESSION)

    assert (reply.status, reply.body) == (200, b"")


def test_nobody_is_signed_in_without_a_cookie(edge: Edge) -> None:
    reply = edge.ask(request("GET", SESSION))

    assert (reply.status, reason_of(reply)) == (401, "no_session")


def test_a_bearer_token_is_no_session(edge: Edge) -> None:
    reply = edge.ask(request("GET", SESSION, [("Authorization", bearer(token()))]))

    assert (reply.status, reason_of(reply)) == (401, "no_session")


def test_a_wrong_password_and_an_unknown_address_look_alike(edge: Edge) -> None:
    anna, nobody = Browser(edge.gateway), Browser(edge.gateway)

    replies = anna.sign_in(password="wrong"), nobody.sign_in("nobody", password="wrong")

    told = [{**reply.error, "correlation_id": "", "timestamp": ""} for reply in replies]
    assert told[0] == told[1]
    assert told[0]["code"] == "IDENTITY_INVALID_CREDENTIALS"
    assert [reply.status for reply in replies] == [401, 401]
    assert [reply.values("Set-Cookie") for reply in replies] == [[], []]


INVALID = {
    "no JSON": b"x",
    "a list": b"[]",
    "no password": b'{"email": "anna@skola.example"}',
    "a field too many": b'{"email": "anna@skola.example", "password": "right", "csrf": "mine"}',
    "a session id of one's own": b'{"email": "a@b.example", "password": "right", "session_id": "x"}',
    "no address": b'{"email": "anna", "password": "right"}',
    "too large": b'{"email": "a@b.example", "password": "' + b"x" * 20_000 + b'"}',
}


@pytest.mark.parametrize("body", INVALID.values(), ids=INVALID)
def test_what_is_no_sign_in_reaches_no_service(edge: Edge, body: bytes) -> None:
    reply = edge.ask(request("POST", SESSION, [JSON, OWN], body))

    assert reply.status in {400, 413}
    assert_envelope(reply)
    assert edge.reached == 0


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", f"{SESSION}?next=https://evil.example"),
        ("POST", f"{SESSION}?shape=platform"),
        ("GET", f"{SESSION}?x=1"),
        ("DELETE", f"{SESSION}?everywhere=maybe"),
        ("DELETE", f"{SESSION}?everywhere=true&everywhere=false"),
        ("POST", "/v1/auth/login?shape=other"),
        ("POST", "/v1/auth/login?shape=platform&shape=platform"),
    ],
)
def test_an_unknown_parameter_is_refused(edge: Edge, method: str, target: str) -> None:
    body = b'{"email": "anna@skola.example", "password": "right"}'

    reply = browser(edge).send(method, target, [JSON, OWN], body if method == "POST" else b"")

    assert reply.status == 400
    assert reply.error["code"] == "VALIDATION_ERROR"


FIXED: dict[str, Callable[[Edge], str | None]] = {
    "made up": lambda _: f"{COOKIE}=fixed-by-the-attacker",
    "the attacker's own": lambda edge: browser(edge, "erik").cookie,
    "by hand": lambda _: made_by_hand(user="teacher-erik"),
}


@pytest.mark.parametrize("name", FIXED)
def test_a_cookie_from_before_the_sign_in_is_never_kept(edge: Edge, name: str) -> None:
    planted = FIXED[name](edge)
    anna = Browser(edge.gateway, planted)

    reply = anna.sign_in()

    assert reply.status == 200
    assert anna.cookie not in {planted, None}
    assert json.loads(anna.send("GET", SESSION).body)["user"]["user_id"] == "teacher-anna"
    # The one who planted it does not become Anna, nor stay who they were in her browser.
    assert Browser(edge.gateway, planted).send().status == 401


def test_each_sign_in_is_a_session_of_its_own(edge: Edge) -> None:
    first, second = browser(edge), browser(edge)

    assert first.cookie != second.cookie
    assert first.csrf != second.csrf
    assert first.sign_out().status == 204
    assert second.send().status == 200


def test_a_cookie_is_refused_after_sign_out(edge: Edge, identity: IdentityStandIn) -> None:
    anna = browser(edge)
    stolen = Browser(edge.gateway, anna.cookie, anna.csrf)
    assert stolen.send().status == 200

    reply = anna.sign_out()

    assert (reply.status, reply.body) == (204, b"")
    assert anna.cookie is None
    assert len(identity.calls("logout")) == 1
    edge.teacher.seen.clear()
    for replayed in (Browser(edge.gateway, stolen.cookie, stolen.csrf) for _ in range(3)):
        assert reason_of(replayed.send()) == "session_ended"
    assert Browser(edge.gateway, stolen.cookie, stolen.csrf).write().status == 401
    assert edge.teacher.seen == []


@pytest.mark.parametrize("cookie", [None, f"{COOKIE}=forged", f"{COOKIE}="])
def test_signing_out_without_a_session_is_no_error(edge: Edge, cookie: str | None) -> None:
    reply = Browser(edge.gateway, cookie).send("DELETE", SESSION)

    assert reply.status == 204
    assert len(reply.values("Set-Cookie")) == (0 if cookie is None else 1)
    assert edge.reached == 0


def test_signing_out_everywhere_ends_every_device(edge: Edge) -> None:
    laptop, phone, erik = browser(edge), browser(edge), browser(edge, "erik")

    assert laptop.sign_out(f"{SESSION}?everywhere=true").status == 204

    assert phone.send().status == 401
    assert erik.send().status == 200
    assert browser(edge).send().status == 200


def test_a_silent_identity_keeps_nobody_signed_in(edge: Edge, identity: IdentityStandIn) -> None:
    anna = browser(edge)
    stolen = Browser(edge.gateway, anna.cookie)
    edge.identity.answers["/v1/auth/logout"] = answer_bytes(http(503, b"{}"))

    assert anna.sign_out().status == 204

    assert stolen.send().status == 401
    assert identity.upstream is edge.identity


def test_the_platforms_front_end_gets_the_shape_that_it_reads(edge: Edge) -> None:
    body = b'{"email": "anna@skola.example", "password": "right"}'

    reply = edge.ask(request("POST", "/api/v1/auth/login?shape=platform", [JSON], body))

    answer = json.loads(reply.body)
    assert answer["token"] == answer["access_token"]
    assert answer["user"] == {
        "id": "teacher-anna",
        "email": "anna@skola.example",
        "name": "Anna Ek",
        "roles": ["teacher"],
    }
    assert reply.values("Set-Cookie") == []
    assert edge.identity.seen[0].target == "/v1/auth/login"
    used = edge.ask(
        request("GET", f"/api{DASHBOARD}", [("Authorization", f"Bearer {answer['token']}")])
    )
    assert used.status == 200


@pytest.mark.parametrize(
    "path", ["/api/healthz", "/api/ready", "/api/metrics", "/api/openapi.json"]
)
def test_the_alias_stands_for_the_api_alone(edge: Edge, path: str) -> None:
    assert edge.ask(request("GET", path)).status == 404


def test_a_session_without_a_name_is_one(edge: Edge) -> None:
    edge.identity.answers["/v1/users/teacher-anna/profile"] = answer_bytes(http(500, b"{}"))

    reply = Browser(edge.gateway).sign_in()

    assert json.loads(reply.body)["user"]["name"] is None
