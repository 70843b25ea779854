"""Levels of log lines, as the different programs write them."""

import pytest

from devstack.cli.log_view import LevelFilter, level_of, printable


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("12:03:44 [info     ] GET /bff/v1/teacher/me 200 12 ms", "info"),
        ("12:03:44 [warning  ] downstream_failed code=TIMEOUT", "warning"),
        ('{"event":"request_crashed","level":"error"}', "error"),
        ("[2026-01-31 12:00:00 +0000] [77] [INFO] Running on http://127.0.0.1:5002", "info"),
        ("[2026-01-31 12:00:00 +0000] [77] [CRITICAL] no", "error"),
        ("warning: X is not a setting of this service", "warning"),
        ("77:M 31 Jan 2026 12:00:00.000 # WARNING Memory overcommit must be enabled!", "warning"),
        ("77:M 31 Jan 2026 12:00:00.000 * Ready to accept connections", "info"),
        ("Traceback (most recent call last):", "error"),
    ],
)
def test_level_is_found_in_the_words_of_each_program(line: str, level: str) -> None:
    assert level_of(line, "debug") == level


def test_lines_of_a_traceback_belong_to_it() -> None:
    chosen = LevelFilter("error")
    lines = ["12:00:00 [info     ] a", "Traceback (most recent call last):", "  File x", "KeyError"]

    assert [line for line in lines if chosen.passes(line)] == lines[1:]


def test_text_of_a_client_cannot_steer_the_terminal() -> None:
    assert printable("a\x1b[2Jb\tc") == "a?[2Jb\tc"
