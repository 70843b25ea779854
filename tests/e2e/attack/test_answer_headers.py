"""Response headers pass by an allow-list, and security headers are added to every response."""

import gzip

import pytest

from tests.e2e.attack.checks import assert_envelope
from tests.e2e.attack.conftest import Edge
from tests.e2e.attack.upstream import answer_bytes, http
from tests.e2e.attack.wire import request

TARGET = "/bff/v1/teacher/dashboard"

KEPT_IN = {
    "Server": "bff/1.0",
    "X-Powered-By": "Quart",
    "Via": "1.1 inside",
    "Connection": "X-Custom",
    "X-Custom": "a",
    "Keep-Alive": "timeout=5",
    "X-User-ID": "teacher-1",
    "X-Internal-API-Key": "key",
    "X-Correlation-ID": "another",
    "Access-Control-Allow-Origin": "*",
    "Strict-Transport-Security": "max-age=0",
    "Content-Security-Policy": "default-src *",
    "X-Trace-ID": "abc",
    "Proxy-Authenticate": "Basic",
    "Refresh": "0; url=http://evil.example",
    "Clear-Site-Data": '"*"',
    "Public-Key-Pins": "x",
}


@pytest.mark.parametrize(("name", "value"), KEPT_IN.items(), ids=KEPT_IN.keys())
def test_a_header_of_a_service_that_is_not_for_clients_stays_in(
    edge: Edge, name: str, value: str
) -> None:
    edge.teacher.answers[TARGET] = answer_bytes(http(headers=[(name, value)]))

    reply = edge.as_teacher()

    assert reply.status == 200
    assert value not in reply.values(name)


INJECTED = {
    "a line feed": "a\n X-Injected: 1",
    "a carriage return": "a\rX-Injected: 1",
    "a NUL": "a\0b",
    "a control character": "a\x01b",
}


@pytest.mark.parametrize("value", INJECTED.values(), ids=INJECTED.keys())
def test_a_header_that_would_inject_another_does_not(edge: Edge, value: str) -> None:
    edge.teacher.answers[TARGET] = answer_bytes(http(headers=[("ETag", value)]))

    reply = edge.as_teacher()

    assert reply.status in {200, 502}
    assert reply.value("X-Injected") is None
    assert all(ord(character) >= 32 for held in reply.values("ETag") for character in held)


LOCATIONS = {
    "/v1/teacher/batches/1": "/v1/teacher/batches/1",
    "//evil.example/x": None,
    "/\\evil.example/x": None,
    "http://evil.example/x": None,
    "javascript:alert(1)": None,
}


@pytest.mark.parametrize("location", LOCATIONS)
def test_a_location_stays_on_this_site(edge: Edge, location: str) -> None:
    edge.teacher.answers[TARGET] = answer_bytes(http(201, headers=[("Location", location)]))

    reply = edge.as_teacher()

    assert reply.value("Location") == LOCATIONS[location]


def test_a_location_of_the_service_itself_loses_its_host(edge: Edge) -> None:
    location = f"{edge.teacher.url}/v1/teacher/batches/1"
    edge.teacher.answers[TARGET] = answer_bytes(http(308, headers=[("Location", location)]))

    reply = edge.as_teacher()

    assert (reply.status, reply.value("Location")) == (308, "/v1/teacher/batches/1")


def test_no_route_sets_a_cookie(edge: Edge) -> None:
    cookies = [("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2")]
    edge.teacher.answers[TARGET] = answer_bytes(http(headers=cookies))

    assert edge.as_teacher().values("Set-Cookie") == []


def test_a_bare_line_feed_makes_no_cookie(edge: Edge) -> None:
    forged = http(headers=[("ETag", "a\nSet-Cookie: session=stolen")])
    edge.teacher.answers[TARGET] = answer_bytes(forged)

    assert edge.as_teacher().values("Set-Cookie") == []


@pytest.mark.parametrize("name", ["ETag", "Content-Type", "Retry-After", "Location"])
def test_a_bare_line_feed_that_repeats_a_header_is_seen(edge: Edge, name: str) -> None:
    forged = http(headers=[("Content-Type", "application/json"), (name, f"/a\n{name}: /b")])
    edge.teacher.answers[TARGET] = answer_bytes(forged)

    reply = edge.as_teacher()

    assert reply.status == 502
    assert_envelope(reply)


@pytest.mark.parametrize("status", [400, 404, 503])
def test_an_encoded_error_does_not_escape_the_check_of_its_envelope(
    edge: Edge, status: int
) -> None:
    body = gzip.compress(b'{"trace": "Traceback (most recent call last)"}')
    encoded = http(status, body, headers=[("Content-Encoding", "gzip")])
    edge.teacher.answers[TARGET] = answer_bytes(encoded)

    reply = edge.as_teacher(headers=[("Accept-Encoding", "gzip")])

    assert reply.status == 502
    assert_envelope(reply)


ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


@pytest.mark.parametrize("target", [TARGET, "/nowhere", "/bff/v1/admin/x", "/bff/v1/teacher/%2e"])
def test_every_answer_is_safe_in_a_browser_and_names_no_software(edge: Edge, target: str) -> None:
    reply = edge.as_teacher(target=target)

    for name, value in ALWAYS.items():
        assert reply.values(name) == [value]
    assert reply.values("Server") in ([], ["huleedu"])
    for word in (
        b"granian",
        b"hypercorn",
        b"quart",
        b"python",
        b"aiohttp",
        b"werkzeug",
        b"127.0.0.1",
    ):
        assert word not in reply.raw.partition(b"\r\n\r\n")[0].lower()


OURS = "https://skola.example"


def test_a_page_of_ours_may_read_the_answer(edge: Edge) -> None:
    reply = edge.as_teacher(headers=[("Origin", OURS)])

    assert reply.value("Access-Control-Allow-Origin") == OURS
    exposed = reply.value("Access-Control-Expose-Headers") or ""
    for name in ("X-Correlation-ID", "ETag", "Retry-After", "X-Parts-Incomplete", "Location"):
        assert name in exposed
    assert "Origin" in (reply.value("Vary") or "")


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "https://skola.example.evil.example",
        "http://skola.example",
        "https://skola.example:444",
        "https://SKOLA.example",
        "",
    ],
)
def test_a_page_of_strangers_may_not(edge: Edge, origin: str) -> None:
    asks = [("Origin", origin), ("Access-Control-Request-Method", "GET")]

    reply = edge.as_teacher(headers=[("Origin", origin)])
    preflight = edge.ask(request("OPTIONS", TARGET, asks))

    assert reply.value("Access-Control-Allow-Origin") is None
    assert preflight.value("Access-Control-Allow-Origin") is None
    assert preflight.status == 403
    assert_envelope(preflight)


def test_a_preflight_needs_no_token_and_reaches_nobody(edge: Edge) -> None:
    asks = [("Origin", OURS), ("Access-Control-Request-Method", "PATCH")]

    reply = edge.ask(request("OPTIONS", TARGET, asks))

    assert reply.status == 204
    assert reply.value("Access-Control-Allow-Origin") == OURS
    assert "PATCH" in (reply.value("Access-Control-Allow-Methods") or "")
    assert edge.reached == 0


def test_an_error_is_readable_for_our_page_too(edge: Edge) -> None:
    reply = edge.ask(request("GET", TARGET, [("Origin", OURS)]))

    assert reply.status == 401
    assert reply.value("Access-Control-Allow-Origin") == OURS


def test_a_head_answer_keeps_its_length(edge: Edge) -> None:
    edge.teacher.answers[TARGET] = answer_bytes(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"
    )

    reply = edge.as_teacher("HEAD")

    assert (reply.status, reply.value("Content-Length"), reply.body) == (200, "500", b"")


def test_not_modified_goes_through(edge: Edge) -> None:
    edge.teacher.answers[TARGET] = answer_bytes(b'HTTP/1.1 304 N\r\nETag: "1"\r\n\r\n', keep=True)

    reply = edge.as_teacher(headers=[("If-None-Match", '"1"')])

    assert (reply.status, reply.value("ETag")) == (304, '"1"')


def test_a_compressed_answer_goes_through_as_it_is(edge: Edge) -> None:
    edge.teacher.answers[TARGET] = answer_bytes(
        http(body=b"\x1f\x8b-not-really", headers=[("Content-Encoding", "gzip")])
    )

    reply = edge.as_teacher(headers=[("Accept-Encoding", "gzip")])

    assert (reply.body, reply.value("Content-Encoding")) == (b"\x1f\x8b-not-really", "gzip")
