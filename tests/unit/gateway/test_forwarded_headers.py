"""Headers pass by list in both directions."""

import pytest

from services.gateway.implementations.forwarded_headers import (
    filter_request_headers,
    filter_response_headers,
    is_forwarded_header,
    named_by_connection,
)

ORIGIN = b"http://service:4101"


def test_request_headers_on_the_list_pass_and_no_others() -> None:
    given = [
        (b"accept", b"*/*"),
        (b"if-none-match", b'"1"'),
        (b"x-user-id", b"victim"),
        (b"cookie", b"a=b"),
        (b"host", b"x"),
        (b"accept_x", b"y"),
    ]

    assert filter_request_headers(given) == [("accept", "*/*"), ("if-none-match", '"1"')]


def test_headers_named_by_connection_are_dropped_but_never_the_length() -> None:
    given = [
        (b"connection", b"close, Authorization,content-length"),
        (b"authorization", b"Bearer x"),
        (b"content-length", b"5"),
    ]

    assert named_by_connection(given) == {b"close", b"authorization"}
    assert filter_request_headers(given) == [("content-length", "5")]


def test_request_header_with_a_value_that_is_not_plain_is_dropped() -> None:
    assert filter_request_headers([(b"user-agent", b"\xe9"), (b"prefer", b"a\x01")]) == []


def test_cookies_stay_separate_and_the_service_unnamed() -> None:
    given = [
        (b"Set-Cookie", b"a=1"),
        (b"Set-Cookie", b"b=2"),
        (b"Server", b"bff"),
        (b"X-User-ID", b"anna"),
        (b"Connection", b"ETag"),
        (b"ETag", b'"1"'),
    ]

    assert filter_response_headers(given, ORIGIN) == [
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
    ]


def test_locations_stay_on_this_site() -> None:
    given = [
        (b"Location", b"/a"),
        (b"Location", ORIGIN + b"/b"),
        (b"Location", b"//evil.example"),
        (b"Location", b"http://evil.example/"),
        (b"Location", ORIGIN + b".evil.example/"),
    ]

    assert filter_response_headers(given, ORIGIN) == [(b"location", b"/a"), (b"location", b"/b")]


def test_response_header_that_would_inject_a_line_is_dropped() -> None:
    assert filter_response_headers([(b"etag", b"a\r\nx: y"), (b"vary", b"a\0")], ORIGIN) == []


@pytest.mark.parametrize(
    ("name", "passes"),
    [
        (b"authorization", True),
        (b"accept-language", True),
        (b"if-none-match", True),
        (b"accept-" + b"x" * 1000, True),
        (b"accept_language", False),
        (b"x-user-id", False),
        (b"x" * 1000, False),
        (b"", False),
    ],
)
def test_names_pass_by_lists_however_long(name: bytes, passes: bool) -> None:
    assert is_forwarded_header(name) is passes
