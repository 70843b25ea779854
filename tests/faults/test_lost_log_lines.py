"""A standard output that takes no line costs lines, and nothing else."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

FULL = Path("/dev/full")
LIMIT = 60.0
"""Seconds for a busy machine."""
LOGGING = """
import logging, os, sys
import structlog
from bff_core.observability import configure_logs

configure_logs(service="tiny", environment="testing", as_json=sys.argv[1] == "json")
for number in range(1000):
    structlog.get_logger().info("an_event", number=number, text="x" * 100)
logging.getLogger("a library").error("a line of its own")
print("went on", file=sys.stderr)
# Without the interpreter's own attempt to write what is left.
sys.stderr.flush()
os._exit(0)
"""


@pytest.fixture(params=["a full disk", "a reader that has gone"])
def place(request: pytest.FixtureRequest) -> Iterator[IO[bytes]]:
    if request.param == "a full disk":
        with FULL.open("wb") as full:
            yield full
        return
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        yield pipe


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_line_that_cannot_be_written_fails_nobody(place: IO[bytes], form: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LOGGING, form],
        stdout=place,
        stderr=subprocess.PIPE,
        text=True,
        timeout=LIMIT,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "went on\n")


def test_lines_are_written_again_once_there_is_a_place() -> None:
    """For a disk that has room again, the process opens its standard output anew."""
    again = 'os.dup2(int(sys.argv[2]), 1); structlog.get_logger().info("the_last"); print("went on"'
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as kept:
        with os.fdopen(writing, "wb"), FULL.open("wb") as full:
            ended = subprocess.run(
                [
                    sys.executable,
                    "-c",
                    LOGGING.replace('print("went on"', again),
                    "json",
                    str(writing),
                ],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                timeout=LIMIT,
                check=False,
                pass_fds=[writing],
            )
        lines = kept.read().splitlines()

    assert ended.stderr == "went on\n"
    assert b'"event":"the_last"' in lines[-1]
