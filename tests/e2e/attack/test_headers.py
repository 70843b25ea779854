"""Identity and proxy headers of a client never reach a service."""

import pytest

from bff_core.testing import bearer
from tests.e2e.attack.checks import assert_clean, assert_envelope, assert_refused
from tests.e2e.attack.conftest import Edge, token

TARGET = "/bff/v1/teacher/dashboard"
FORGED = "victim"
NAMES = (
    "X-User-ID",
    "X-Org-ID",
    "X-User-Roles",
    "X-Internal-API-Key",
    "X-Service-ID",
    "X-Request-Timeout-Ms",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
    "Forwarded",
    "Cookie",
    "X-HTTP-Method-Override",
    "X-Original-URL",
    "X-Rewrite-URL",
    "Proxy-Authorization",
    "X-Identity-Encoding",
    "X-Tenant-ID",
    "TE",
    "Trailer",
    "Keep-Alive",
    "Proxy-Connection",
    "Expect",
    "Via",
)


def spellings(name: str) -> dict[str, list[tuple[str, str]]]:
    return {
        "as it is": [(name, FORGED)],
        "lower": [(name.lower(), FORGED)],
        "upper": [(name.upper(), FORGED)],
        "twice": [(name, FORGED), (name.lower(), "other")],
        "underscores": [(name.replace("-", "_"), FORGED)],
        "named by Connection": [(name, FORGED), ("Connection", f"keep-alive, {name}")],
    }


CASES = [
    pytest.param(headers, id=f"{name}, {how}")
    for name in NAMES
    for how, headers in spellings(name).items()
]


@pytest.mark.parametrize("headers", CASES)
def test_a_forged_header_is_dropped(edge: Edge, headers: list[tuple[str, str]]) -> None:
    reply = edge.as_teacher(headers=headers)

    assert reply.status == 200
    [seen] = edge.teacher.seen
    assert_clean(seen)
    assert FORGED.encode() not in seen.head


ODD_LINES = {
    "space before the colon": "X-User-ID : victim",
    "tab before the colon": "X-User-ID\t: victim",
    "space in the name": "X-User ID: victim",
    "NUL in the name": "X-User-ID\0: victim",
    "NUL in the value": "X-Other: a\0b",
    "no colon": "X-User-ID victim",
    "empty name": ": victim",
    "first line folded": " X-User-ID: victim",
    "bare CR in a value": "X-Other: a\rX-User-ID: victim",
    "control character in an allowed value": "Idempotency-Key: a\x01b",
    "high byte in an allowed value": "Idempotency-Key: \xe9",
    "high byte in the name": "X-\xdcser: victim",
    "two tokens": "Authorization: Bearer x",
    "two hosts": "Host: elsewhere.example",
    "two content types": "Content-Type: a/b\r\nContent-Type: c/d",
    "two idempotency keys": "Idempotency-Key: a\r\nIdempotency-Key: b",
}


@pytest.mark.parametrize("line", ODD_LINES.values(), ids=ODD_LINES.keys())
def test_an_odd_header_line_is_refused(edge: Edge, line: str) -> None:
    authorization = f"Authorization: {bearer(token())}"
    lines = [f"GET {TARGET} HTTP/1.1", "Host: gateway.example", line, authorization, "", ""]
    if line.startswith(" "):
        lines[1:3] = [line, "Host: gateway.example"]

    reply = edge.ask("\r\n".join(lines).encode("latin-1"))

    assert_refused(edge, reply, 400)


FOLDED = {
    "space": "X-Other: a\r\n X-User-ID: victim",
    "tab": "X-Other: a\r\n\tX-User-ID: victim",
    "into an allowed header": "Accept: a/b\r\n X-User-ID: victim",
    "bare LF": "X-Other: a\nX-User-ID: victim",
}


@pytest.mark.parametrize("lines", FOLDED.values(), ids=FOLDED.keys())
def test_line_folding_makes_no_header(edge: Edge, lines: str) -> None:
    head = f"GET {TARGET} HTTP/1.1\r\nHost: gateway.example\r\n{lines}\r\n"
    raw = f"{head}Authorization: {bearer(token())}\r\n\r\n".encode("latin-1")

    reply = edge.ask(raw)

    assert reply.status in {200, 400}
    for seen in edge.teacher.seen:
        assert seen.values("X-User-ID") == ["teacher-1"]
    if reply.status != 200:
        assert_envelope(reply)


def test_connection_cannot_take_away_what_the_gateway_sets(edge: Edge) -> None:
    named = "X-User-ID, X-Correlation-ID, X-Forwarded-For, X-Request-Timeout-Ms, Host"

    reply = edge.as_teacher(headers=[("Connection", named)])

    assert reply.status == 200
    assert_clean(edge.teacher.seen[0])


def test_connection_can_take_away_the_token_only_to_be_refused(edge: Edge) -> None:
    reply = edge.as_teacher(headers=[("Connection", "authorization")])

    assert_refused(edge, reply, 401)


def test_connection_cannot_take_away_a_body(edge: Edge) -> None:
    headers = [("Connection", "content-length, content-type")]

    reply = edge.as_teacher("POST", headers=headers, body=b'{"a":1}')

    assert reply.status == 200
    assert edge.teacher.seen[0].body == b'{"a":1}'


ALLOWED = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "Accept-Language": "sv-SE,sv;q=0.8",
    "Idempotency-Key": "9f2c",
    "If-Match": '"7"',
    "If-None-Match": '"7", "8"',
    "Last-Event-ID": "3-1",
    "Prefer": "wait=5",
    "Range": "bytes=0-9",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "tracestate": "a=1",
    "User-Agent": "Mozilla/5.0",
}


@pytest.mark.parametrize(("name", "value"), ALLOWED.items(), ids=ALLOWED.keys())
def test_an_allowed_header_arrives_as_it_was(edge: Edge, name: str, value: str) -> None:
    reply = edge.as_teacher(headers=[(name, value)])

    assert reply.status == 200
    assert edge.teacher.seen[0].values(name) == [value]


def test_a_client_that_asked_for_no_compression_gets_none(edge: Edge) -> None:
    edge.as_teacher()

    assert edge.teacher.seen[0].values("Accept-Encoding") in ([], ["identity"])
