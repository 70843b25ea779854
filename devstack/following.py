"""Logs on the terminal."""

import asyncio
from collections.abc import Mapping
from itertools import cycle
from pathlib import Path

import typer

from devstack.log_files import LogReader, last_lines
from devstack.problems import DevstackProblem

LAST_LINES = 200
POLL_SECONDS = 0.2
_COLOURS = ("cyan", "green", "yellow", "magenta", "blue", "bright_cyan", "bright_green")


def show_last(log: Path) -> None:
    """Print the end of a log.

    Raises:
        DevstackProblem: There is no such log yet.
    """
    try:
        lines = last_lines(log, LAST_LINES)
    except FileNotFoundError as error:
        raise DevstackProblem(f"Nothing has been logged by {log.stem} yet.") from error
    for line in lines:
        typer.echo(printable(line))


async def follow(logs: Mapping[str, Path], *, prefixed: bool) -> None:
    """Print what is new, until cancelled."""
    reader = LogReader(logs)
    reader.skip_to_end()
    width = max(len(name) for name in logs)
    colours = dict(zip(logs, cycle(_COLOURS), strict=False))
    while True:
        for name, line in reader.new_lines():
            prefix = typer.style(f"{name:<{width}} | ", fg=colours[name]) if prefixed else ""
            typer.echo(prefix + printable(line))
        await asyncio.sleep(POLL_SECONDS)


def printable(line: str) -> str:
    """A log may quote what a client sent: nothing in it may steer the terminal."""
    return "".join(sign if sign.isprintable() or sign == "\t" else "?" for sign in line)
