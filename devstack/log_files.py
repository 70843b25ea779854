"""The processes' logs: read side by side, kept to a bounded size."""

import os
import shutil
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path

MAX_BYTES = 16 * 1024 * 1024
_CHUNK_BYTES = 256 * 1024
_TAIL_BYTES = 4096


class LogReader:
    """Reads what is new in several logs, as whole lines."""

    def __init__(self, logs: Mapping[str, Path]) -> None:
        self._logs = logs
        self._positions = dict.fromkeys(logs, 0)
        self._halves = dict.fromkeys(logs, b"")

    def skip_to_end(self) -> None:
        self._positions = {name: _size(path) for name, path in self._logs.items()}

    def new_lines(self) -> Iterable[tuple[str, str]]:
        for name, path in self._logs.items():
            *lines, half = (self._halves[name] + self._new_bytes(name, path)).split(b"\n")
            self._halves[name] = half[-_CHUNK_BYTES:]
            yield from ((name, line.decode(errors="replace")) for line in lines)

    def _new_bytes(self, name: str, path: Path) -> bytes:
        if _size(path) < self._positions[name]:
            self._positions[name] = 0
        try:
            with path.open("rb") as file:
                file.seek(self._positions[name])
                found = file.read(_CHUNK_BYTES)
        except FileNotFoundError:
            return b""
        self._positions[name] += len(found)
        return found


def last_lines(path: Path, count: int) -> list[str]:
    with path.open(encoding="utf-8", errors="replace") as file:
        return [line.rstrip("\n") for line in deque(file, maxlen=count)]


def last_line(log: Path) -> str:
    """The last line of a log that says something; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "")


def trim(paths: Iterable[Path], limit: int = MAX_BYTES) -> None:
    """Move the content of a log that has grown too big to `NAME.log.old`.

    The file stays the same one: its writer appends, and goes on at its new start.
    """
    for path in paths:
        if _size(path) > limit:
            shutil.copyfile(path, path.with_suffix(".log.old"))
            os.truncate(path, 0)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
