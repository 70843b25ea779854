import pytest

from devstack.stream_client import EventParser, EventTooLong, StreamEvent

TWO = (
    b'event: snapshot\nid: e-1\ndata: {"version": 1}\n\n: heartbeat\n\n'
    b"event: activity\r\nid: e-2\r\ndata: first\r\ndata: \xc3\xa5\r\n\r\nretry: 250\revent: end\rdata: x\r\r"
)
WANTED = [
    StreamEvent("snapshot", '{"version": 1}', "e-1"),
    StreamEvent("activity", "first\nå", "e-2"),
    StreamEvent("end", "x", "e-2", 250),
]


def parsed(*chunks: bytes, parser: EventParser | None = None) -> list[StreamEvent]:
    parser = parser or EventParser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


@pytest.mark.parametrize("at", range(len(TWO)))
def test_chunks_may_be_cut_anywhere(at: int) -> None:
    assert parsed(TWO[:at], TWO[at:]) == WANTED


def test_chunks_may_be_single_bytes() -> None:
    assert parsed(*(bytes([byte]) for byte in TWO)) == WANTED


def test_mark_at_the_start_is_no_part_of_a_name() -> None:
    assert parsed(b"\xef\xbb", b"\xbfdata: x\n\n") == [StreamEvent("message", "x")]


@pytest.mark.parametrize(
    "text",
    [
        b": comment\n\n",
        b"nonsense\n\n",
        b"event: snapshot\n\n",
        b"datum: x\n\n",
        b"data: cut off\n",
    ],
)
def test_what_is_no_event_gives_none(text: bytes) -> None:
    assert parsed(text) == []


def test_event_that_was_not_sent_leaves_nothing_for_the_next() -> None:
    found = parsed(b"event: snapshot\nretry: 5\n\ndata: x\n\n")

    assert found == [StreamEvent("message", "x")]


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (b"data:x", StreamEvent("message", "x")),
        (b"data:  x", StreamEvent("message", " x")),
        (b"data", StreamEvent("message", "")),
        (b"id: a\0b\ndata: x", StreamEvent("message", "x")),
        (b"retry: soon\ndata: x", StreamEvent("message", "x")),
        (b"retry: \xc2\xb2\ndata: x", StreamEvent("message", "x")),
        (b"data: \xff", StreamEvent("message", "\ufffd")),
    ],
)
def test_odd_lines_are_read_as_the_standard_says(lines: bytes, wanted: StreamEvent) -> None:
    assert parsed(lines + b"\n\n") == [wanted]


def test_id_lasts_until_another_or_an_empty_one() -> None:
    found = parsed(b"id: e-1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n")

    assert [event.id for event in found] == ["e-1", "e-1", None]


@pytest.mark.parametrize("chunk", [b"x" * 60, b"data: " + b"x" * 100 + b"\n\n"])
def test_huge_line_is_refused_before_it_is_kept(chunk: bytes) -> None:
    with pytest.raises(EventTooLong):
        parsed(*[chunk] * 3, parser=EventParser(max_line_bytes=100))


def test_huge_second_line_of_a_chunk_is_refused() -> None:
    with pytest.raises(EventTooLong):
        parsed(b"\ndata: " + b"x" * 100, b"x\n", parser=EventParser(max_line_bytes=100))


def test_many_lines_that_make_a_huge_event_are_refused() -> None:
    with pytest.raises(EventTooLong):
        parsed(*[b"data: 0123456789\n"] * 10, parser=EventParser(max_event_bytes=100))
