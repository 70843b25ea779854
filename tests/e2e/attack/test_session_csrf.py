"""A request under the cookie that another page may have made changes and shows nothing."""

import json

import pytest

from tests.e2e.attack.checks import assert_envelope
from tests.e2e.attack.conftest import Edge
from tests.e2e.attack.sessions import (
    CONFIRM,
    DASHBOARD,
    JSON,
    OWN,
    SESSION,
    Browser,
    Headers,
    IdentityStandIn,
    browser,
)
from tests.e2e.attack.wire import RawResponse, request

CHANGE_PASSWORD = "/v1/auth/change-password"
FORM = ("Content-Type", "application/x-www-form-urlencoded")
TEXT = ("Content-Type", "text/plain")
TOKEN = "TOKEN"


@pytest.fixture(autouse=True)
def identity(edge: Edge) -> IdentityStandIn:
    stand_in = IdentityStandIn(edge.identity)
    stand_in.install()
    return stand_in


@pytest.fixture(scope="module")
def anna(module_edge: Edge) -> Browser:
    IdentityStandIn(module_edge.identity).install()
    return browser(module_edge)


def site(origin: str | None, fetch: str | None, mode: str = "cors", csrf: str = TOKEN) -> Headers:
    """Headers that a browser sends for a page elsewhere."""
    headers = [("Sec-Fetch-Mode", mode)]
    headers += [("Origin", origin)] if origin is not None else []
    headers += [("Sec-Fetch-Site", fetch)] if fetch else []
    headers += [("X-CSRF", csrf)] if csrf else []
    return headers


CROSS: dict[str, Headers] = {
    "a form": [*site("https://evil.example", "cross-site", "navigate", ""), FORM],
    "a form of an old browser": [FORM],
    "a form of a sandboxed frame": [*site("null", "cross-site", "navigate", ""), FORM],
    "a form with JSON as text": [*site("https://evil.example", "cross-site", "navigate", ""), TEXT],
    "fetch, no-cors": site("https://evil.example", "cross-site", "no-cors", ""),
    "fetch, no-cors, with the token": site("https://evil.example", "cross-site", "no-cors"),
    "fetch, cors, with the token": site("https://evil.example", "cross-site"),
    "a beacon": [*site("https://evil.example", "cross-site", "no-cors", ""), TEXT],
    "a redirect that keeps the method": site("null", "cross-site"),
    "a redirect from the site's own page": site("null", "same-origin"),
    "a data: page": site("null", "none"),
    "a sibling domain": site("https://x.gateway.example", "same-site"),
    "a sibling domain without fetch metadata": site("https://x.gateway.example", None),
    "the parent domain": site("https://example", "same-site"),
    "the same host over http": site("http://gateway.example.", "same-site"),
    "another port": site("https://gateway.example:8443", "same-site"),
    "a host that begins alike": site("https://gateway.example.evil.example", "cross-site"),
    "a host that ends alike": site("https://evil-gateway.example", "cross-site"),
    "a file": site("file://", "cross-site"),
    "an extension": site("chrome-extension://abc", "none"),
    "an empty origin": site("", None),
    "an origin with a path": site("https://gateway.example/", "same-origin"),
    "two origins in one": site("https://gateway.example https://evil.example", None),
    "the own origin and a foreign site": site("https://gateway.example", "cross-site"),
    "no sign at all, with the token": [("X-CSRF", TOKEN)],
    "an address that was typed": site(None, "none"),
    "no token": site("https://gateway.example", "same-origin", csrf=""),
    "a wrong token": site("https://gateway.example", "same-origin", csrf="x" * 22),
    "a token cut short": site("https://gateway.example", "same-origin", csrf=f"{TOKEN}CUT"),
    "the listed origin without the token": site("https://skola.example", "same-site", csrf=""),
}


def with_token(headers: Headers, token: str) -> Headers:
    values = {TOKEN: token, f"{TOKEN}CUT": token[:-1]}
    return [(name, values.get(value, value)) for name, value in headers]


def assert_cross_site(edge: Edge, reply: RawResponse) -> None:
    assert reply.status == 403, reply.raw
    assert_envelope(reply)
    assert reply.error["code"] == "CSRF"
    assert edge.reached == 0


@pytest.mark.parametrize("headers", CROSS.values(), ids=CROSS)
def test_another_page_changes_nothing(edge: Edge, anna: Browser, headers: Headers) -> None:
    reply = anna.send("POST", CONFIRM, with_token(headers, anna.csrf), b"{}")

    assert_cross_site(edge, reply)


@pytest.mark.parametrize("target", [CHANGE_PASSWORD, f"/api{CONFIRM}", "/bff/v1/admin/users/x"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_every_route_is_guarded(edge: Edge, anna: Browser, method: str, target: str) -> None:
    foreign = with_token(CROSS["fetch, cors, with the token"], anna.csrf)

    reply = anna.send(method, target, foreign)

    if method != "POST" and target == CHANGE_PASSWORD:
        assert reply.status == 405
        return
    assert_cross_site(edge, reply)


@pytest.mark.parametrize("name", ["a form", "no token", "a sibling domain", "a beacon"])
def test_another_page_signs_nobody_out(edge: Edge, anna: Browser, name: str) -> None:
    reply = anna.send("DELETE", SESSION, with_token(CROSS[name], anna.csrf))

    assert_cross_site(edge, reply)
    assert anna.send().status == 200


LOGIN_CROSS = [name for name in CROSS if "token" not in name and "redirect" not in name]


@pytest.mark.parametrize("name", LOGIN_CROSS)
def test_another_page_signs_nobody_in(edge: Edge, name: str) -> None:
    """A page that signs its visitor in as somebody else would read what they write."""
    body = json.dumps({"email": "erik@skola.example", "password": "right"}).encode()

    reply = edge.ask(request("POST", SESSION, CROSS[name], body))

    assert_cross_site(edge, reply)
    assert reply.values("Set-Cookie") == []


@pytest.mark.parametrize("kind", [FORM, TEXT, ("Content-Type", "multipart/form-data; boundary=x")])
def test_a_sign_in_is_json(edge: Edge, kind: tuple[str, str]) -> None:
    body = json.dumps({"email": "erik@skola.example", "password": "right"}).encode()

    assert edge.ask(request("POST", SESSION, [kind, OWN], body)).status == 415
    assert edge.reached == 0


OVERRIDES: list[tuple[str, Headers]] = [
    (CONFIRM, [("X-HTTP-Method-Override", "POST")]),
    (CONFIRM, [("X-Method-Override", "DELETE")]),
    (CONFIRM, [("X-HTTP-Method", "PUT")]),
    (f"{CONFIRM}?_method=POST", []),
    (SESSION, [("X-HTTP-Method-Override", "DELETE")]),
]


@pytest.mark.parametrize(("target", "headers"), OVERRIDES)
def test_a_get_stays_a_get(edge: Edge, anna: Browser, target: str, headers: Headers) -> None:
    reply = anna.send("GET", target, headers)

    assert reply.status == 200
    assert [seen.method for seen in edge.teacher.seen] == (["GET"] if target != SESSION else [])
    assert all(b"verride" not in seen.head for seen in edge.teacher.seen)
    assert anna.send().status == 200


EMBEDDED = {
    "an image": site(None, "cross-site", "no-cors", ""),
    "a script": site(None, "same-site", "no-cors", ""),
    "fetch": site("https://evil.example", "cross-site", "cors", ""),
    "a sibling's fetch": site("https://x.gateway.example", "same-site", "cors", ""),
    "an event source": [
        *site("https://evil.example", "cross-site", "cors", ""),
        ("Accept", "text/event-stream"),
    ],
}


@pytest.mark.parametrize("headers", EMBEDDED.values(), ids=EMBEDDED)
@pytest.mark.parametrize("target", [DASHBOARD, SESSION])
def test_another_page_embeds_nothing(
    edge: Edge, anna: Browser, target: str, headers: Headers
) -> None:
    assert_cross_site(edge, anna.send("GET", target, headers))


def test_a_link_of_another_site_leads_here(edge: Edge, anna: Browser) -> None:
    reply = anna.send("GET", DASHBOARD, site(None, "cross-site", "navigate", ""))

    assert reply.status == 200
    assert reply.value("X-Frame-Options") == "DENY"
    assert len(edge.teacher.seen) == 1


ADMITTED: dict[str, Headers] = {
    "the own page": site("https://gateway.example", "same-origin"),
    "the own page of an old browser": site("https://gateway.example", None),
    "a page behind a proxy that drops Origin": site(None, "same-origin"),
    "a listed page of the same site": site("https://skola.example", "same-site"),
}


@pytest.mark.parametrize("headers", ADMITTED.values(), ids=ADMITTED)
def test_the_sites_own_pages_may_write(edge: Edge, anna: Browser, headers: Headers) -> None:
    reply = anna.send("POST", CONFIRM, with_token(headers, anna.csrf), b"{}")

    assert reply.status == 200
    [seen] = edge.teacher.seen
    assert b"csrf" not in seen.head.lower()


def test_a_listed_origin_may_send_the_token_and_read_the_answer(edge: Edge) -> None:
    asked = [
        ("Origin", "https://skola.example"),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "x-csrf"),
    ]

    reply = edge.ask(request("OPTIONS", CONFIRM, asked))

    assert reply.status == 204
    assert "X-CSRF" in (reply.value("Access-Control-Allow-Headers") or "")
    assert reply.value("Access-Control-Allow-Credentials") == "true"


@pytest.mark.parametrize("name", ["Origin", "X-CSRF", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Host"])
def test_a_sign_that_is_there_twice_is_refused(edge: Edge, anna: Browser, name: str) -> None:
    own = {"Origin": OWN[1], "X-CSRF": anna.csrf, "Sec-Fetch-Site": "same-origin"}
    twice = [(name, own.get(name, "x")), (name, own.get(name, "x"))]
    rest = [(key, value) for key, value in own.items() if key != name]

    assert anna.send("POST", CONFIRM, [*rest, *twice], b"{}").status == 400
    assert edge.reached == 0


def test_a_bearer_token_needs_no_csrf_token(edge: Edge) -> None:
    reply = edge.as_teacher("POST", CONFIRM, [JSON], b"{}")

    assert reply.status == 200
