"""What is read and written without h11 means the same to h11, to the byte."""

from typing import cast

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bff_core.server.plain_heads import plain_answer, plain_request

HEAD = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n"
WORDS = [
    b"Host", b"host", b"Connection", b"Content-Length", b"Transfer-Encoding", b"Expect",
    b"Upgrade", b"HTTP2-Settings", b"Accept", b"X-A", b"close", b"keep-alive", b"chunked", b"5",
    b"GET", b"get", b"HEAD", b"/", b"/a", b"*", b"http://x/", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0",
    b" ", b"  ", b"\t", b":", b": ", b",", b"\r\n", b"\r\n", b"\n", b"\r", b"\x00", b"\x0b",
    b"\x7f", b"\x85", b"\xe5", b"%00", b"#", b"a",
]  # fmt: skip
scraps = st.lists(st.sampled_from(WORDS), max_size=8).map(b"".join)
fields = st.lists(
    st.tuples(st.sampled_from(WORDS), st.sampled_from([b":", b": ", b" :", b":\t"]), scraps),
    max_size=5,
).map(lambda found: b"".join(name + colon + value + b"\r\n" for name, colon, value in found))
requests = st.one_of(
    st.tuples(st.just(HEAD), fields, st.sampled_from([b"\r\n", b"", b"\r\n\r\n"])).map(b"".join),
    st.tuples(scraps, st.just(b" "), scraps, st.just(b"\r\n"), fields, st.just(b"\r\n")).map(
        b"".join
    ),
)


def read_by_h11(data: bytes) -> h11.Request:
    """The one request that h11 sees in the data, after which it waits for the answer."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    request = connection.next_event()
    assert isinstance(request, h11.Request)
    assert isinstance(connection.next_event(), h11.EndOfMessage)
    assert not connection.they_are_waiting_for_100_continue
    # Neither a byte left over nor a connection that is to be closed.
    assert (connection.trailing_data[0], connection.their_state) == (b"", h11.DONE)
    return request


@given(requests)
@example(HEAD + b"\r\n")
@example(HEAD + b"Connection: Keep-Alive\r\n\r\n")
@example(HEAD + b"Connection: close\r\n\r\n")
@example(HEAD + b"A: b\r\n c\r\n\r\n")
def test_a_request_that_is_taken_is_what_h11_reads(data: bytes) -> None:
    taken = plain_request(data)

    if taken is not None:
        read = read_by_h11(data)
        assert (read.method, read.http_version) == (b"GET", b"1.1")
        assert (read.target, list(read.headers)) == (taken.target, taken.headers)


@pytest.mark.parametrize(
    "more",
    [
        b"",
        b"Accept:*/*\r\n",
        b"Accept: \t a  b \t\r\nCookie: a=\xe5\r\ncookie: b\r\n",
        b"Connection: keep-alive\r\n",
        b"X-Empty:\r\n",
    ],
)
def test_what_callers_send_is_taken(more: bytes) -> None:
    data = HEAD + more + b"\r\n"

    taken = plain_request(data)

    assert taken is not None
    assert taken.headers == list(read_by_h11(data).headers)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEAD,
        HEAD + b"\r\n\r\n",
        b"\r\n" + HEAD + b"\r\n",
        (HEAD + b"\r\n") * 2,
        HEAD + b"Host: y\r\n\r\n",
        HEAD + b"Content-Length: 0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
        HEAD + b"Expect: 100-continue\r\n\r\n",
        HEAD + b"Upgrade: h2c\r\n\r\n",
        HEAD + b"Connection: close\r\n\r\n",
        HEAD + b"Connection: keep-alive\r\nConnection: close\r\n\r\n",
        HEAD + b"A: b\r\n c\r\n\r\n",
        HEAD + b"A : b\r\n\r\n",
        HEAD + b"A: b\nC: d\r\n\r\n",
        HEAD + b"A: \x00\r\n\r\n",
        b"GET /a HTTP/1.1\r\nAccept: */*\r\n\r\n",
        b"GET /a HTTP/1.0\r\nHost: x\r\n\r\n",
        b"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xe5 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=range(22),
)
def test_everything_else_is_left_to_h11(data: bytes) -> None:
    assert plain_request(data) is None


def written_by_h11(status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(HEAD + b"\r\n")
    connection.next_event()
    connection.next_event()
    return cast("bytes", connection.send(h11.Response(status_code=status, headers=headers)))


# As they come from the server, which strips them.
pairs = st.tuples(st.sampled_from(WORDS), scraps).map(
    lambda pair: (pair[0].strip(), pair[1].strip())
)


@given(st.sampled_from([100, 101, 200, 201, 204, 304, 404, 503, 999]), st.lists(pairs, max_size=4))
@example(200, [(b"content-length", b"3"), (b"A", b"b\r\nC: d")])
@example(200, [(b"a:b", b"c")])
@example(200, [(b"Content-Length", b"3"), (b"etag", b'"\xe5"')])
def test_an_answer_that_is_written_is_what_h11_writes(
    status: int, headers: list[tuple[bytes, bytes]]
) -> None:
    answer = plain_answer(status, [*headers, (b"content-length", b"12")])

    if answer is not None:
        assert answer.length == 12
        assert answer.head == written_by_h11(status, [*headers, (b"content-length", b"12")])


def test_what_screens_answer_is_written() -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"3"), (b"date", b"x y")]

    answer = plain_answer(200, headers)

    assert answer is not None
    assert (answer.head, answer.length) == (written_by_h11(200, headers), 3)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, []),
        (204, [(b"content-length", b"0")]),
        (304, [(b"content-length", b"3")]),
        (103, [(b"content-length", b"3")]),
        (200, [(b"content-length", b"3"), (b"content-length", b"3")]),
        (200, [(b"content-length", b"-3")]),
        (200, [(b"content-length", b"3"), (b"transfer-encoding", b"chunked")]),
        (200, [(b"content-length", b"3"), (b"connection", b"close")]),
        (200, [(b"content-length", b"3"), (b"a", b"b\r\nc: d")]),
        (200, [(b"content-length", b"3"), (b"a", b"b\nc")]),
        (200, [(b"content-length", b"3"), (b"a b", b"c")]),
        (200, [(b"content-length", b"3"), (b"", b"c")]),
        (200, [(b"content-length", b"3"), (b"a:b", b"c")]),
    ],
    ids=range(13),
)
def test_any_other_answer_is_left_to_h11(status: int, headers: list[tuple[bytes, bytes]]) -> None:
    assert plain_answer(status, headers) is None
