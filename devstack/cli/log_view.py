"""`./dev logs`, and the lines that `./dev up` prints: the logs of one or several processes."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from itertools import cycle
from pathlib import Path

import typer

from devstack.errors import DevstackError
from devstack.supervisor.logs import LogReader, last_lines

LEVELS = ("debug", "info", "warning", "error")
POLL_SECONDS = 0.2
_COLOURS = ("cyan", "green", "yellow", "magenta", "blue", "bright_cyan", "bright_green")
_NAMES = "debug|info|warning|error|critical|exception"
# `[info     ]` and `[INFO]`, `"level":"info"`, `warning: …`.
_LEVEL = re.compile(
    rf'\[(?P<bracket>{_NAMES}) *\]|"level": ?"(?P<json>{_NAMES})"|^(?P<word>{_NAMES}):',
    re.IGNORECASE,
)
_REDIS = re.compile(r"^\d+:[A-Z] \d.*? [*#.-] (?P<warning>WARNING )?")


def level_of(line: str, before: str) -> str:
    """The level of a line; one without a level, such as of a traceback, has the one `before`."""
    if line.startswith("Traceback "):
        return "error"
    if (redis := _REDIS.match(line)) is not None:
        return "warning" if redis["warning"] else "info"
    found = _LEVEL.search(line)
    if found is None:
        return before
    name = found.group(found.lastgroup or 0).lower()
    return name if name in LEVELS else "error"


class LevelFilter:
    """Passes the lines of one log that are at least at a level."""

    def __init__(self, least: str) -> None:
        self._least = LEVELS.index(least)
        self._level = "info"

    def passes(self, line: str) -> bool:
        self._level = level_of(line, self._level)
        return LEVELS.index(self._level) >= self._least


class LogView:
    """Prints the lines of several logs; with more than one, each behind its name."""

    def __init__(self, logs: Mapping[str, Path], *, level: str = "debug") -> None:
        self._logs = logs
        self._filters = {name: LevelFilter(level) for name in logs}
        width = max(len(name) for name in logs)
        self._prefixes = {
            name: typer.style(f"{name:<{width}} | ", fg=colour) if len(logs) > 1 else ""
            for name, colour in zip(logs, cycle(_COLOURS), strict=False)
        }

    def show_end(self, count: int) -> None:
        """Print the last lines of each log.

        Raises:
            DevstackError: There is no log yet.
        """
        shown = [name for name, log in self._logs.items() if log.exists()]
        if not shown:
            raise DevstackError(f"{', '.join(self._logs)}: nothing is logged yet.")
        for name in shown:
            passing = self._passing((name, line) for line in last_lines(self._logs[name]))
            for pair in list(passing)[-count:] if count else ():
                self._print(*pair)

    async def follow(self) -> None:
        """Print new lines until cancelled."""
        reader = LogReader(self._logs, from_end=True)
        while True:
            for name, line in self._passing(reader.new_lines()):
                self._print(name, line)
            await asyncio.sleep(POLL_SECONDS)

    def _passing(self, lines: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        return (pair for pair in lines if self._filters[pair[0]].passes(pair[1]))

    def _print(self, name: str, line: str) -> None:
        typer.echo(self._prefixes[name] + printable(line))


def printable(line: str) -> str:
    """The line without control characters: a log may quote text that a client sent."""
    return "".join(sign if sign.isprintable() or sign == "\t" else "?" for sign in line)
