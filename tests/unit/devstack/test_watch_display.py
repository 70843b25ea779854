from io import StringIO
from typing import Any

from rich.console import Console

from devstack.cli.watch import Login, batch_table, line_of, stream_address
from devstack.stream_client import StreamEnded, StreamUpdate

BATCHES: dict[str, dict[str, Any]] = {
    "b1": {"title": "Äldre", "created_at": "2025-11-01T00:00:00Z", "status": "failed"},
    "b2": {"title": "[bold]Ny[/]\x1b[2J", "created_at": "2025-11-02T00:00:00Z", "total_essays": 25},
}


FULL = {
    "title": "Argumenterande text om skolans mobilförbud, andra utkastet",
    "class_name": "Naturvetenskap 3A",
    "status": "completed_with_failures",
    "processing_phase": "cj_assessment",
    "completed_essays": 25,
    "total_essays": 27,
    "failed_essays": 2,
    "progress_percent": 100,
    "last_updated": "2025-11-14T12:02:03.000000Z",
}


def shown(
    said: str = "",
    batches: dict[str, dict[str, Any]] = BATCHES,
    changed: str | None = None,
    width: int = 160,
) -> str:
    console = Console(file=StringIO(), width=width)
    console.print(batch_table(batches, said, changed, width=width))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_batch_with_long_words_is_one_line_of_80_columns_with_all_its_numbers() -> None:
    lines = shown(batches={"b1": FULL}, width=80).splitlines()

    assert len(lines) == 2
    assert all(len(line) <= 80 for line in lines)
    for word in ("Argument", "completed_with_failures", "25/27", " 2 ", "100", "12:02:03"):
        assert word in lines[1]
    assert "cj_assessment" in shown(batches={"b1": FULL}, width=120)


def test_batch_that_has_just_changed_is_marked() -> None:
    marked = [line for line in shown(changed="b1").splitlines() if line.startswith("*")]

    assert len(marked) == 1
    assert "Äldre" in marked[0]


def test_table_shows_the_newest_first() -> None:
    text = shown("just said")

    assert text.index("Ny") < text.index("Äldre")
    assert "just said" in text
    assert "25" in text


def test_what_the_server_sends_steers_no_terminal() -> None:
    line = line_of(StreamUpdate("activity", {"kind": "\x1b[31mred\n"}, None), {})

    assert "[bold]Ny[/]?[2J" in shown()
    assert "\x1b" not in line
    assert "\n" not in line


def test_line_names_the_event_its_batch_and_what_changed() -> None:
    change = StreamUpdate(
        "batch_changed", {"version": 2, "batch_id": "b1", "patch": {"x": 1}}, "e-2"
    )

    assert line_of(change, BATCHES) == 'batch_changed b1 (Äldre) {"patch": {"x": 1}}'


def test_snapshot_is_told_by_its_size_and_a_long_line_is_cut() -> None:
    snapshot = StreamUpdate("snapshot", {"version": 7, "batches": {}}, "e-1")
    long = StreamUpdate("activity", {"kind": "x" * 5_000}, "e-2")

    assert line_of(snapshot, BATCHES) == "snapshot version=7 batches=2"
    assert len(line_of(long, BATCHES)) < 500


def test_end_of_a_connection_tells_when_the_next_comes() -> None:
    assert line_of(StreamEnded("shutdown", 1.25), {}) == "disconnected: shutdown; next try in 1.2 s"


def test_address_is_the_gateway_s_with_the_batch_quoted() -> None:
    plain, one = stream_address(8080, None), stream_address(8080, "b 1&x")

    assert plain == "http://127.0.0.1:8080/bff/v1/teacher/events"
    assert one == f"{plain}?batch_id=b+1%26x"


def test_password_is_not_shown_with_the_login() -> None:
    assert "very-secret" not in repr(Login(1, "a@b", "very-secret"))
