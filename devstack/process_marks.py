"""Recognise a process again: an id alone may have been given to somebody else."""

import subprocess
from pathlib import Path

_STARTED_AT = 19  # Field 22 of proc(5)'s stat, counted after the name in brackets.


def start_mark(pid: int) -> str | None:
    """When the process started, in the system's own spelling; None when there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None if Path("/proc/self").exists() else _mark_from_ps(pid)
    state, *rest = fields.rpartition(")")[2].split()
    # A zombie is over; only its parent has not asked yet.
    return None if state in "ZX" else rest[_STARTED_AT - 1]


def _mark_from_ps(pid: int) -> str | None:
    asked = subprocess.run(
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        timeout=5,
        check=False,
    )
    return asked.stdout.strip() or None
