"""Headers pass by list in both directions."""

import pytest

from services.gateway.implementations.filters import (
    InvalidResponseHeader,
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


def test_no_cookie_passes_and_the_service_stays_unnamed() -> None:
    given = [
        (b"Set-Cookie", b"a=1"),
        (b"Set-Cookie", b"b=2"),
        (b"Server", b"bff"),
        (b"X-User-ID", b"anna"),
        (b"Connection", b"ETag"),
        (b"ETag", b'"1"'),
    ]

    assert filter_response_headers(given, ORIGIN) == []


def test_locations_stay_on_this_site() -> None:
    kept = {b"/a": b"/a", ORIGIN + b"/b": b"/b"}
    foreign = (b"//evil.example", b"http://evil.example/", ORIGIN + b".evil.example/")

    for given, passed in kept.items():
        assert filter_response_headers([(b"Location", given)], ORIGIN) == [(b"location", passed)]
    for given in foreign:
        assert filter_response_headers([(b"Location", given)], ORIGIN) == []


@pytest.mark.parametrize(
    "given",
    [
        [(b"etag", b"a\r\nx: y")],
        [(b"vary", b"a\0")],
        [(b"location", b"/a"), (b"location", b"/b")],
    ],
)
def test_response_header_that_has_two_meanings_is_refused(given: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(InvalidResponseHeader):
        filter_response_headers(given, ORIGIN)


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
