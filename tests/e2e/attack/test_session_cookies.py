"""A cookie that this gateway did not seal for this user, or has ended, opens nothing."""

from collections.abc import Callable

import pytest

from bff_core.testing import access_token, bearer
from services.gateway.implementations.session_cookie import AccessToken
from tests.e2e.attack.checks import assert_clean, assert_envelope
from tests.e2e.attack.conftest import SESSION_KEYS, Edge, token
from tests.e2e.attack.sessions import (
    CONFIRM,
    COOKIE,
    DASHBOARD,
    OWN,
    SESSION,
    Browser,
    Headers,
    IdentityStandIn,
    browser,
    made_by_hand,
    now,
)
from tests.e2e.attack.wire import RawResponse, request


@pytest.fixture(autouse=True)
def identity(edge: Edge) -> IdentityStandIn:
    stand_in = IdentityStandIn(edge.identity)
    stand_in.install()
    return stand_in


def sealed_of(edge: Edge, name: str = "anna") -> str:
    """The value of a real cookie."""
    cookie = browser(edge, name).cookie
    assert cookie is not None
    return cookie.partition("=")[2]


def assert_no_session(edge: Edge, reply: RawResponse) -> None:
    """Assert 401, a cleared cookie, and that no screen was asked for."""
    assert reply.status == 401, reply.raw
    assert_envelope(reply)
    [cleared] = reply.values("Set-Cookie")
    assert cleared.startswith(f"{COOKIE}=;")
    assert "Max-Age=0" in cleared
    assert edge.teacher.seen == []


def _part(sealed: str, index: int, other: str) -> str:
    parts = sealed.split(".")
    parts[index] = other.split(".")[index]
    return ".".join(parts)


def _flipped(sealed: str, index: int) -> str:
    """The first character of one part is another one."""
    parts = sealed.split(".")
    first = "A" if parts[index][:1] != "A" else "B"
    parts[index] = first + parts[index][1:]
    return ".".join(parts)


FORGED: dict[str, Callable[[str, str], str]] = {
    "empty": lambda _, __: "",
    "a word": lambda _, __: "anna",
    "dots": lambda _, __: "....",
    "an access token": lambda _, __: token(),
    "a bearer header": lambda _, __: bearer(token()),
    "the user's id": lambda _, __: "teacher-anna",
    "JSON": lambda _, __: '{"user_id":"teacher-anna"}',
    "cut by one": lambda own, _: own[:-1],
    "cut in half": lambda own, _: own[: len(own) // 2],
    "without its tag": lambda own, _: own.rpartition(".")[0] + ".",
    "without its header": lambda own, _: own.partition(".")[2],
    "longer by one": lambda own, _: own + "A",
    "twice in one": lambda own, _: own + own,
    "in quotes": lambda own, _: f'"{own}"',
    "percent-encoded": lambda own, _: own.replace(".", "%2E"),
    "in capitals": lambda own, _: own.upper(),
    "another header": lambda own, _: _flipped(own, 0),
    "a key before the vector": lambda own, _: own.replace("..", ".AAAA.", 1),
    "another vector": lambda own, _: _flipped(own, 2),
    "another text": lambda own, _: _flipped(own, 3),
    "another tag": lambda own, _: _flipped(own, 4),
    "another user's vector": lambda own, other: _part(own, 2, other),
    "another user's text": lambda own, other: _part(own, 3, other),
    "another user's tag": lambda own, other: _part(own, 4, other),
    "oversized": lambda _, __: "A" * 12_000,
    "oversized, in parts": lambda own, _: _part(own, 3, "..." + "A" * 12_000 + "."),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_forged_cookie_opens_nothing(edge: Edge, forge: Callable[[str, str], str]) -> None:
    forged = Browser(edge.gateway, f"{COOKIE}={forge(sealed_of(edge), sealed_of(edge, 'erik'))}")

    assert_no_session(edge, forged.send())


def by_hand(**fields: object) -> Callable[[], str]:
    return lambda: made_by_hand(**fields)  # type: ignore[arg-type]  # as the callee takes them


def _foreign_access() -> str:
    at = now().timestamp()
    foreign = AccessToken(access_token("teacher-erik", now=now()), at + 3600, at + 3500)
    return made_by_hand(access=foreign)


WRONG: dict[str, Callable[[], str]] = {
    "a key that was removed": by_hand(key="a-key-that-nobody-has-any-more-at-all"),
    "the signing secret as the key": by_hand(key="only-for-tests-and-longer-than-32-characters"),
    "another environment's": by_hand(audience="production"),
    "no environment's": by_hand(audience=""),
    "past its end": by_hand(expires_at=now().timestamp() - 1),
    "idle for too long": by_hand(seen_at=now().timestamp() - 7201),
    "another user's token inside": _foreign_access,
    "re-encrypted with a guessed key": by_hand(key="0" * 32),
}


@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG)
def test_a_cookie_of_another_time_or_place_opens_nothing(
    edge: Edge, make: Callable[[], str]
) -> None:
    assert_no_session(edge, Browser(edge.gateway, make()).send())


@pytest.mark.parametrize("key", SESSION_KEYS)
def test_each_key_of_the_ring_opens(edge: Edge, key: str) -> None:
    reply = Browser(edge.gateway, made_by_hand(key=key)).send()

    assert reply.status == 200


ELSEWHERE: dict[str, tuple[str, Callable[[str], Headers]]] = {
    "in the query": (f"{DASHBOARD}?{COOKIE}=VALUE", lambda _: []),
    "as a token in the query": (f"{DASHBOARD}?access_token=VALUE", lambda _: []),
    "in a header of its own": (DASHBOARD, lambda value: [(COOKIE, value)]),
    "as Set-Cookie": (DASHBOARD, lambda value: [("Set-Cookie", f"{COOKIE}={value}")]),
    "as Cookie2": (DASHBOARD, lambda value: [("Cookie2", f"{COOKIE}={value}")]),
    "as a bearer token": (DASHBOARD, lambda value: [("Authorization", f"Bearer {value}")]),
    "under the name of development": (DASHBOARD, lambda value: [("Cookie", f"session={value}")]),
    "under another prefix": (DASHBOARD, lambda value: [("Cookie", f"__Secure-session={value}")]),
    "in small letters": (DASHBOARD, lambda value: [("Cookie", f"__host-session={value}")]),
    "as the value of another": (DASHBOARD, lambda value: [("Cookie", f"a=x,{COOKIE}={value}")]),
}


@pytest.mark.parametrize(("target", "headers"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_session_is_read_from_its_cookie_alone(
    edge: Edge, target: str, headers: Callable[[str], Headers]
) -> None:
    value = sealed_of(edge)

    reply = edge.ask(request("GET", target.replace("VALUE", value), headers(value)))

    assert reply.status == 401
    assert edge.teacher.seen == []


AMBIGUOUS: dict[str, Callable[[str, str], Headers]] = {
    "the same twice": lambda own, _: [("Cookie", f"{own}; {own}")],
    "another user's before": lambda own, other: [("Cookie", f"{other}; {own}")],
    "another user's after": lambda own, other: [("Cookie", f"{own}; {other}")],
    "tossed by a subdomain": lambda own, _: [("Cookie", f"{COOKIE}=tossed; {own}")],
    "tossed, in a header of its own": lambda own, _: [
        ("Cookie", f"{COOKIE}=tossed"),
        ("Cookie", own),
    ],
    "with a bearer token": lambda own, _: [("Cookie", own), ("Authorization", bearer(token()))],
    "with another's bearer token": lambda own, _: [
        ("Cookie", own),
        ("Authorization", bearer(token("teacher-erik"))),
    ],
    "with a bad bearer token": lambda own, _: [("Cookie", own), ("Authorization", "Bearer x")],
    "with an empty bearer token": lambda own, _: [("Cookie", own), ("Authorization", "")],
    "with Basic": lambda own, _: [("Cookie", own), ("Authorization", "Basic eDp4")],
    "a forged one with a bearer token": lambda _, __: [
        ("Cookie", f"{COOKIE}=forged"),
        ("Authorization", bearer(token())),
    ],
}


@pytest.mark.parametrize("headers", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_two_claims_of_who_it_is_are_refused(
    edge: Edge, headers: Callable[[str, str], Headers]
) -> None:
    own, other = (browser(edge, name).cookie or "" for name in ("anna", "erik"))

    reply = edge.ask(request("GET", DASHBOARD, headers(own, other)))

    assert reply.status == 400
    assert_envelope(reply)
    assert edge.teacher.seen == []


@pytest.mark.parametrize("target", [DASHBOARD, f"/api{DASHBOARD}"])
def test_a_service_gets_a_token_and_no_cookie(edge: Edge, target: str) -> None:
    anna = browser(edge)
    more = ("Cookie", f"theme=dark; {anna.cookie}; lang=sv")

    reply = edge.ask(request("GET", target, [more, ("X-User-ID", "teacher-erik")]))

    assert reply.status == 200
    [seen] = edge.teacher.seen
    assert seen.target == DASHBOARD
    assert_clean(seen, "teacher-anna")
    assert b"cookie" not in seen.head.lower()
    assert (anna.cookie or "").encode() not in seen.head


def test_a_cookie_says_who_it_is_and_no_header_does(edge: Edge) -> None:
    anna = browser(edge)

    anna.send("GET", DASHBOARD, [("X-User-ID", "teacher-erik"), ("X-Org-ID", "other")])

    [seen] = edge.teacher.seen
    assert_clean(seen, "teacher-anna")


def test_the_password_is_changed_under_the_cookie(edge: Edge) -> None:
    anna = browser(edge)
    body = b'{"current_password": "right", "new_password": "right as well"}'

    reply = anna.write("POST", "/v1/auth/change-password", body)

    assert reply.status == 200
    seen = edge.identity.seen[-1]
    assert (seen.target, seen.body) == ("/v1/auth/change-password", body)
    assert seen.values("Authorization")[0].startswith("Bearer ")
    assert b"cookie" not in seen.head.lower()


def test_another_users_csrf_token_is_none(edge: Edge) -> None:
    anna, erik = browser(edge), browser(edge, "erik")
    anna.csrf = erik.csrf

    assert anna.write().status == 403
    assert edge.teacher.seen == []


@pytest.mark.parametrize("path", ["/v1/session/", "/v1/Session", "/v1/%73ession", "//v1/session"])
def test_the_session_has_one_path(edge: Edge, path: str) -> None:
    reply = browser(edge).send("GET", path)

    assert reply.status in {400, 404}
    assert b"csrf" not in reply.body


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "get"])
def test_the_session_has_three_methods(edge: Edge, method: str) -> None:
    assert browser(edge).send(method, SESSION, [OWN]).status in {400, 405}


def test_an_admins_screen_needs_an_admins_session(edge: Edge) -> None:
    reply = browser(edge).send("GET", "/bff/v1/admin/users")

    assert reply.status == 403
    assert reply.error["code"] == "AUTHORIZATION_ERROR"
    assert edge.admin.seen == []


def test_nothing_of_a_session_is_in_the_log(edge: Edge) -> None:
    anna = browser(edge)
    anna.send()
    anna.send("POST", CONFIRM)
    anna.sign_out()
    anna.cookie = f"{COOKIE}=forged-by-somebody"
    anna.send()

    log = "\n".join(edge.gateway.lines())

    tokens = [bearer_of(seen.values("Authorization")) for seen in edge.teacher.seen]
    for secret in ("eyJ", "forged-by-somebody", anna.csrf, "right", *filter(None, tokens)):
        assert secret not in log


def bearer_of(values: list[str]) -> str:
    return values[0].partition(" ")[2] if values else ""
