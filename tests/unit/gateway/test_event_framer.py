"""No event is sent in half, however its bytes arrive."""

import pytest

from services.gateway.implementations.event_streams import EventFramer

STREAM = b": hello\n\nid: 1\ndata: a\n\nretry: 5\r\ndata: b\r\n\r\ndata: c\r\rdata: d\n\r\n"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_what_is_out_ends_where_an_event_does(size: int) -> None:
    framer, out = EventFramer(), b""

    for at in range(0, len(STREAM), size):
        out += framer.feed(STREAM[at : at + size])
        assert out == b"" or out.splitlines()[-1] == b""

    assert out == STREAM
    assert not framer.in_event


def test_beginning_of_an_event_is_held_back() -> None:
    framer = EventFramer()

    assert framer.feed(b"data: a\n\ndata: b") == b"data: a\n\n"
    assert framer.feed(b"\r") == b""
    assert framer.feed(b"\nid: 1\r\n\r") == b"data: b\r\nid: 1\r\n\r"


def test_line_end_of_two_bytes_is_no_blank_line() -> None:
    framer = EventFramer()

    assert framer.feed(b"data: a\r") == b""
    assert framer.feed(b"\ndata: b") == b""


def test_large_event_passes_in_pieces_and_says_so() -> None:
    framer = EventFramer(max_event_bytes=4)

    assert framer.feed(b"data: long") == b"data: long"
    assert framer.in_event
    assert framer.feed(b"\n") == b""
    assert framer.in_event
    assert framer.feed(b"\nid") == b"\n\n"
    assert not framer.in_event


def test_rest_of_a_stream_that_ended_by_itself_is_not_lost() -> None:
    framer = EventFramer()
    framer.feed(b"data: a")

    assert framer.flush() == b"data: a"
    assert framer.flush() == b""
