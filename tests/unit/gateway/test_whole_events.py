"""No event goes out by half, however its bytes come."""

import pytest

from services.gateway.implementations.whole_events import WholeEvents

STREAM = b": hello\n\nid: 1\ndata: a\n\nretry: 5\r\ndata: b\r\n\r\ndata: c\r\rdata: d\n\r\n"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_what_is_out_ends_where_an_event_does(size: int) -> None:
    events, out = WholeEvents(), b""

    for at in range(0, len(STREAM), size):
        out += events.take(STREAM[at : at + size])
        assert out == b"" or out.splitlines()[-1] == b""

    assert out == STREAM
    assert not events.inside


def test_beginning_of_an_event_is_held_back() -> None:
    events = WholeEvents()

    assert events.take(b"data: a\n\ndata: b") == b"data: a\n\n"
    assert events.take(b"\r") == b""
    assert events.take(b"\nid: 1\r\n\r") == b"data: b\r\nid: 1\r\n\r"


def test_line_end_of_two_bytes_is_no_blank_line() -> None:
    events = WholeEvents()

    assert events.take(b"data: a\r") == b""
    assert events.take(b"\ndata: b") == b""


def test_large_event_passes_in_pieces_and_says_so() -> None:
    events = WholeEvents(longest=4)

    assert events.take(b"data: long") == b"data: long"
    assert events.inside
    assert events.take(b"\n") == b""
    assert events.inside
    assert events.take(b"\nid") == b"\n\n"
    assert not events.inside


def test_rest_of_a_stream_that_ended_by_itself_is_not_lost() -> None:
    events = WholeEvents()
    events.take(b"data: a")

    assert events.rest() == b"data: a"
    assert events.rest() == b""
