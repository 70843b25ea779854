"""The log files of the processes."""

from collections.abc import Iterator, Mapping
from pathlib import Path

_CHUNK_BYTES = 256 * 1024
_TAIL_BYTES = 64 * 1024
_END_BYTES = 8 * 1024 * 1024


class LogReader:
    """Reads the new whole lines of several logs."""

    def __init__(self, logs: Mapping[str, Path], *, from_end: bool = False) -> None:
        self._logs = logs
        self._positions = {name: _size(log) if from_end else 0 for name, log in logs.items()}

    def new_lines(self) -> Iterator[tuple[str, str]]:
        """Pairs of name and line."""
        for name, log in self._logs.items():
            if _size(log) < self._positions[name]:
                # A new start has replaced the log.
                self._positions[name] = 0
            try:
                with log.open("rb") as file:
                    file.seek(self._positions[name])
                    found = file.read(_CHUNK_BYTES)
            except FileNotFoundError:
                continue
            # A line that fills the chunk is cut.
            end = found.rfind(b"\n") + 1 or len(found) // _CHUNK_BYTES * _CHUNK_BYTES
            self._positions[name] += end
            for line in found[:end].splitlines():
                yield name, line.decode(errors="replace")


def last_lines(log: Path, count_bytes: int = _END_BYTES) -> list[str]:
    """The whole lines among the last bytes of a log."""
    with log.open("rb") as file:
        start = max(0, log.stat().st_size - count_bytes)
        file.seek(start)
        lines = file.read().decode(errors="replace").splitlines()
    return lines[1:] if start else lines


def last_line(log: Path) -> str:
    """The last line of a log that is not blank; empty when there is none."""
    try:
        lines = last_lines(log, _TAIL_BYTES)
    except OSError:
        return ""
    return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "")


def _size(log: Path) -> int:
    try:
        return log.stat().st_size
    except OSError:
        return 0
