"""No spelling of a path leaves the tree of routes it was let into."""

import pytest

from bff_core.testing import bearer
from tests.e2e.attack.checks import assert_envelope, assert_refused
from tests.e2e.attack.conftest import Edge, token
from tests.e2e.attack.wire import request

PREFIX = "/bff/v1/teacher/"
ESCAPES = (
    "..",
    "../",
    "../../../metrics",
    "./dashboard",
    "a/./b",
    "a/../b",
    "a/..",
    "..%2f..%2f..%2fmetrics",
    "..%2F..%2F..%2Fmetrics",
    "%2e%2e/%2e%2e/metrics",
    "%2E%2E/metrics",
    ".%2e/metrics",
    "%2e./metrics",
    "%2e",
    "%2e%2e%2fmetrics",
    "%252e%252e/metrics",
    "%252e%252e%252fmetrics",
    "..%252fmetrics",
    "%25252e%25252e/metrics",
    "a%2fb",
    "a%2Fb",
    "a%5cb",
    "a%5Cb",
    "..%5c..%5cmetrics",
    "a\\b",
    "..\\..\\metrics",
    "a%00b",
    "a%00.json",
    "%00",
    "a%0ab",
    "a%0d%0aX-User-ID:%20victim",
    "a%09b",
    "a%7fb",
    "a%c2%85b",
    "..;/metrics",
    "a;b=c",
    "a%3bb",
    ";/../metrics",
    "%c0%ae%c0%ae/metrics",
    "%c0%afmetrics",
    "%e0%80%afmetrics",
    "%f0%80%80%afmetrics",
    "%ff",
    "%80",
    "%ed%a0%80",
    "%u002e%u002e/metrics",
    "%zz",
    "%",
    "%2",
    "a%",
    "//metrics",
    "a//b",
    "/",
    "%ef%bc%8e%ef%bc%8e/metrics",
    "%ef%bc%8f..%ef%bc%8fmetrics",
    "%e2%81%84metrics",
    "%e2%80%8b",
    "%e2%80%ae",
    "a%25b",
    "a|b",
    'a"b',
    "a<b>",
    "a{b}",
    "a^b",
    "a`b",
    "a[0]",
)


@pytest.mark.parametrize("path", ESCAPES)
def test_a_path_that_two_servers_could_read_differently_is_refused(edge: Edge, path: str) -> None:
    reply = edge.as_teacher(target=PREFIX + path)

    assert_refused(edge, reply, 400, 404)


OUTSIDE = (
    "/",
    "//",
    "/metrics/",
    "/bff",
    "/bff/v1/teacher",
    "/bff/v1/teachers/dashboard",
    "/bff/v1/student/dashboard",
    "/BFF/v1/teacher/dashboard",
    "/bff/v1/TEACHER/dashboard",
    "/bff/v2/teacher/dashboard",
    "/bff//v1/teacher/dashboard",
    "//bff/v1/teacher/dashboard",
    "/./bff/v1/teacher/dashboard",
    "/x/../bff/v1/teacher/dashboard",
    "/bff/v1/x/../teacher/dashboard",
    "/bff/v1/%74eacher/dashboard",
    "/bff%2fv1/teacher/dashboard",
    "/bff/v1/teacher%2fdashboard",
    "/bff/v1/teacher/../admin/users",
    "/bff/v1/teacher/%2e%2e/admin/users",
    "/bff/v1/teacher;x/dashboard",
    "/v1/teacher/dashboard",
    "/internal/v1/batches",
    "/v1/users/teacher-1/profile",
    "/.well-known/jwks.json",
    "bff/v1/teacher/dashboard",
    "*",
)


@pytest.mark.parametrize("target", OUTSIDE)
def test_what_is_not_in_the_table_is_not_there(edge: Edge, target: str) -> None:
    reply = edge.as_teacher(target=target)

    assert_refused(edge, reply, 400, 404)


@pytest.mark.parametrize("host", ["bff_admin:4102", "gateway.example"])
def test_a_target_with_a_host_is_refused_or_its_host_ignored(edge: Edge, host: str) -> None:
    reply = edge.as_teacher(target=f"http://{host}{PREFIX}dashboard")

    if reply.status == 200:
        assert [seen.target for seen in edge.teacher.seen] == [f"{PREFIX}dashboard"]
        assert edge.reached == 1
    else:
        assert_refused(edge, reply, 400, 404)


@pytest.mark.parametrize(
    "target", ["/v1/auth/%6cogin", "/v1/auth/login/", "/v1/auth//login", "/v1/auth/./login"]
)
def test_the_routes_of_identity_have_one_spelling(edge: Edge, target: str) -> None:
    body = b'{"email":"a@b.example","password":"secret-enough"}'

    reply = edge.ask(request("POST", target, [("Content-Type", "application/json")], body))

    assert_refused(edge, reply, 400, 404)


PLAIN = (
    "dashboard",
    "batches/0b1c",
    "batches/0b1c/",
    "a.b",
    "a..b",
    "...",
    ".hidden",
    "a%20b",
    "a%3Fb",
    "a%23b",
    "a%2Bb",
    "a+b",
    "a:b@c",
    "a!b$c&d'e(f)g*h,i=j",
    "~anna",
    "%C3%A5sa",
    "%61",
)


@pytest.mark.parametrize("path", PLAIN)
def test_a_plain_path_goes_on_byte_for_byte(edge: Edge, path: str) -> None:
    reply = edge.as_teacher(target=PREFIX + path)

    assert reply.status == 200
    assert [seen.target for seen in edge.teacher.seen] == [PREFIX + path]


QUERIES = (
    "limit=5",
    "x=1&x=2",
    "x=2&x=1&y=&x",
    "=",
    "&",
    "&&a",
    "a=b=c",
    "a=%zz",
    "a=%",
    "a=%2F..%2F",
    "../../x",
    "a=b+c%20d",
    "q=%C3%A5&q=%c3%a5",
    "a[]=1&a[0]=2",
    "a={}|^`",
    "a;b;c",
    "?",
    "a=?&b=//x",
    "%00=%0d%0a",
    "limit=5&" + "x" * 4000,
)


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_goes_on_byte_for_byte(edge: Edge, query: str) -> None:
    reply = edge.as_teacher(target=f"{PREFIX}dashboard?{query}")

    assert reply.status == 200
    assert [seen.target for seen in edge.teacher.seen] == [f"{PREFIX}dashboard?{query}"]


def test_a_query_that_no_uri_may_hold_is_refused_or_goes_on_byte_for_byte(edge: Edge) -> None:
    target = f"{PREFIX}dashboard?a='\"<>"

    reply = edge.as_teacher(target=target)

    if reply.status == 200:
        assert [seen.target for seen in edge.teacher.seen] == [target]
    else:
        assert_refused(edge, reply, 400)


@pytest.mark.parametrize("target", ["dashboard?a=1#&b=2", "a#b", "#", "a#?b=1", "a#/../b"])
def test_a_fragment_is_refused_or_never_seen(edge: Edge, target: str) -> None:
    reply = edge.as_teacher(target=PREFIX + target)

    if reply.status == 200:
        assert [seen.target for seen in edge.teacher.seen] == [PREFIX + target.partition("#")[0]]
    else:
        assert_refused(edge, reply, 400, 404)


METHODS = ("OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "GETS", "PURGE", "M-SEARCH", "G\0T")


@pytest.mark.parametrize("method", METHODS)
def test_another_method_is_refused(edge: Edge, method: str) -> None:
    authorization = ("Authorization", bearer(token()))

    reply = edge.ask(request(method, "/bff/v1/teacher/dashboard", [authorization]))

    assert_refused(edge, reply, 400, 405)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_identity_routes_take_post_only(edge: Edge, method: str) -> None:
    reply = edge.ask(request(method, "/v1/auth/login"))

    assert reply.status == 405
    assert reply.value("Allow") == "POST"
    if method != "HEAD":
        assert_envelope(reply)
    assert edge.reached == 0


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_request_that_reads_has_no_body(edge: Edge, method: str) -> None:
    reply = edge.as_teacher(method, body=b"x=1")

    assert reply.status == 400
    assert edge.reached == 0
