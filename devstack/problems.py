"""What can go wrong around the devstack, each told in one line."""

import errno
from pathlib import Path

_PLAIN = {
    errno.ENOSPC: "the disk is full: free some space and start again",
    errno.EDQUOT: "your disk quota is used up: free some space and start again",
    errno.EACCES: "you may not write there: check who owns it",
    errno.EPERM: "you may not write there: check who owns it",
    errno.EROFS: "the file system is read-only",
}


class DevstackProblem(Exception):
    """A failure whose text is the one line that the person at the terminal needs."""


def disk_problem(error: OSError, place: Path) -> DevstackProblem:
    plain = _PLAIN.get(error.errno or 0, str(error))
    return DevstackProblem(f"Cannot use {error.filename or place}: {plain}.")
